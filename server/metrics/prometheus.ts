/** Something that Prometheus can read: lines of its text format 0.0.4. */
export interface Metric {
  text(): string;
}

/** A metric whose value is asked for when it is read. */
export function metric(name: string, type: "counter" | "gauge", help: string, value: () => number): Metric {
  return { text: () => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value()}\n` };
}

/** How often a value fell at or below each bound; bounds ascend. */
export class Histogram implements Metric {
  #counts: number[];
  #sum = 0;

  constructor(readonly name: string, readonly help: string, readonly bounds: readonly number[]) {
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  text(): string {
    const { name, help } = this;
    let total = 0;
    const buckets = this.#counts.map((count, at) => {
      total += count;
      return `${name}_bucket{le="${this.bounds[at] ?? "+Inf"}"} ${total}\n`;
    });
    const head = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
    return `${head}${buckets.join("")}${name}_sum ${this.#sum}\n${name}_count ${total}\n`;
  }
}
