/** One measured figure as a line. */
export function report(what: string, figure: string): void {
  console.log(`  ${what.padEnd(64)} ${figure}`);
}

/** Three significant digits with a thousands separator. */
export function readable(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** The value of `--name=N` among the options. */
export function numberOption(options: string[], name: string, fallback: number): number {
  const text = options.find((option) => option.startsWith(`--${name}=`))?.slice(name.length + 3);
  return text === undefined ? fallback : Number(text);
}

/** The median of the times of some rounds, in milliseconds. */
export function medianMs(rounds: number, work: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return times[times.length >> 1] ?? NaN;
}
