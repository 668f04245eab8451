import type { ReceiverMessage, ReceiverReader } from "./receiver_protocol.ts";

/** The longest telegram has 290 bytes with its CRCs, two digits each; rtl_433 puts a dozen fields around them. */
const LONGEST_LINE = 8192;

/**
 * A reader of lines of text, however they end.
 *
 * @param read what a line is; null for one that is of no interest.
 */
export function lineReader(read: (line: string) => ReceiverMessage | null): ReceiverReader {
  const decoder = new TextDecoder();
  let held = "";
  /** Within a line that is too long to be one. */
  let dropping = false;

  function* take(text: string): Generator<ReceiverMessage> {
    const lines = (held + text).split(/[\r\n]+/);
    held = lines.pop() ?? "";
    for (const line of lines) {
      if (!dropping && line.trim() !== "") {
        const message = read(line.trim());
        if (message !== null) yield message;
      }
      dropping = false;
    }
    if (held.length <= LONGEST_LINE) return;
    if (!dropping) yield { type: "spoilt", problem: `a line has more than ${LONGEST_LINE} characters` };
    held = "";
    dropping = true;
  }

  return {
    push: (bytes) => [...take(decoder.decode(bytes, { stream: true }))],
    // A line that pauses goes on: a program may write it in pieces.
    settle: () => [],
    get waiting() {
      return false;
    },
  };
}
