import type { ReceiverMessage, ReceiverReader } from "./receiver_protocol.ts";

/** What the first bytes of a buffer are. */
export type Sight =
  /** The beginning of a message of at least so many bytes. */
  | { needs: number }
  /** A whole message; null for one that says nothing of interest. */
  | { length: number; message: ReceiverMessage | null }
  /** No message begins here; `null` where that is noise and nothing can be said about it. */
  | { problem: string | null };

/**
 * A reader of messages that begin with a mark and state their length. Where no message begins, or its check fails, it
 * goes on with the next byte: noise costs no telegram that follows it.
 *
 * @param look what stands at the beginning of these bytes, which are never none.
 */
export function framedReader(look: (bytes: Uint8Array) => Sight): ReceiverReader {
  let held = new Uint8Array(0);
  let skipped = 0;

  /** @param complete no more bytes belong to what is held. */
  function* read(complete: boolean): Generator<ReceiverMessage> {
    let at = 0;
    while (at < held.length) {
      const sight = look(held.subarray(at));
      if ("needs" in sight && !complete) break;
      if ("length" in sight) {
        yield* noise();
        at += sight.length;
        if (sight.message !== null) yield sight.message;
        continue;
      }
      const problem = "needs" in sight ? "a message broke off" : sight.problem;
      at++;
      if (problem === null) skipped++;
      else yield { type: "spoilt", problem };
    }
    held = held.slice(at);
    if (held.length === 0) yield* noise();
  }

  function* noise(): Generator<ReceiverMessage> {
    if (skipped > 0) yield { type: "spoilt", problem: `${skipped} bytes belong to no message` };
    skipped = 0;
  }

  return {
    push(bytes) {
      const joined = new Uint8Array(held.length + bytes.length);
      joined.set(held);
      joined.set(bytes, held.length);
      held = joined;
      return [...read(false)];
    },
    settle: () => [...read(true)],
    get waiting() {
      return held.length > 0;
    },
  };
}
