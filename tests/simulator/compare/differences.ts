/** Gathers differences in words; counts all, keeps the first. */
export class Differences {
  readonly first: string[] = [];
  count = 0;

  constructor(private readonly keep = 20) {}

  add(text: string) {
    this.count += 1;
    if (this.first.length < this.keep) this.first.push(text);
  }
}
