import type { PackReader, PackWriter } from "./pack_bytes.ts";

/** How the values of one column stand in a pack, one behind the other. */
export interface ColumnFormat<T> {
  write(out: PackWriter, values: T[]): void;
  read(input: PackReader, count: number): T[];
}

/** Safe integers, each as its difference from the one before: ids, numbers and times grow little by little. */
export const integers: ColumnFormat<number> = {
  write(out, values) {
    let before = 0;
    for (const value of values) {
      if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot pack telegrams: ${value} is no safe integer`);
      out.integer(value - before);
      before = value;
    }
  },
  read(input, count) {
    let before = 0;
    return Array.from({ length: count }, () => before += input.integer());
  },
};

/** Bytes as they are; what they have in common with others is found by the compression. */
export const blobs: ColumnFormat<Uint8Array> = {
  write(out, values) {
    for (const value of values) out.blob(value);
  },
  read: (input, count) => Array.from({ length: count }, () => input.blob()),
};

/** Texts of which most are alike: each different one once, then which. */
export const texts: ColumnFormat<string> = {
  write(out, values) {
    const places = new Map([...new Set(values)].map((text, place) => [text, place]));
    out.natural(places.size);
    for (const text of places.keys()) out.blob(new TextEncoder().encode(text));
    for (const value of values) out.natural(places.get(value) ?? 0);
  },
  read(input, count) {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const known = Array.from({ length: input.natural() }, () => decoder.decode(input.blob()));
    return Array.from({ length: count }, () => known[input.natural()] ?? "");
  },
};

export const booleans: ColumnFormat<boolean> = {
  write(out, values) {
    for (const value of values) out.natural(value ? 1 : 0);
  },
  read: (input, count) => Array.from({ length: count }, () => input.natural() === 1),
};

/** Which are there, then those. */
export function nullable<T>(format: ColumnFormat<T>): ColumnFormat<T | null> {
  return {
    write(out, values) {
      booleans.write(out, values.map((value) => value !== null));
      format.write(out, values.filter((value) => value !== null));
    },
    read(input, count) {
      const there = booleans.read(input, count);
      const values = format.read(input, there.filter(Boolean).length).values();
      return there.map((is) => is ? values.next().value as T : null);
    },
  };
}
