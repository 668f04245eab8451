/** A longer line is handed over in pieces: a program that never ends its line costs no more memory than this. */
const MAX_LINE = 64 * 1024;

/** Hands a byte stream over line by line until it ends or is cancelled. */
export function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): { done: Promise<void>; cancel: () => void } {
  const reader = stream.getReader();
  const read = async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const lines = (rest + decoder.decode(chunk.value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.replace(/\r$/, ""));
      for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) onLine(rest.slice(0, MAX_LINE));
    }
    rest += decoder.decode();
    if (rest !== "") onLine(rest);
  };
  return { done: read(), cancel: () => void reader.cancel() };
}
