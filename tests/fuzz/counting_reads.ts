/** Bytes that count how often one of them is read; what is copied from them (`slice`, `subarray`) is not counted. */
export function countingReads(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const counting = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === "string" && property >= "0" && property < ":") reads++;
      const value = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { bytes: counting, reads: () => reads };
}
