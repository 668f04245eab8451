/**
 * The lines that come over a connection, empty ones left out, until it is closed.
 *
 * @param most the longest line, in characters; a longer one ends it with an error.
 */
export async function* linesOf(
  connection: Deno.UnixConn,
  { most = Infinity }: { most?: number } = {},
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16_384);
  let text = "";
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) return;
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
    if (text.length > most) throw new Error(`Cannot read line: it is longer than ${most} characters`);
  }
}
