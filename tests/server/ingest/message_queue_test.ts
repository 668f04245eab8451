import { assertEquals, assertThrows } from "@std/assert";
import { MessageQueue } from "../../../server/ingest/message_queue.ts";

const LIMITS = { messages: 2, bytes: 100, ageMs: 1 };

const queueOf = (...messages: string[]) => {
  const queue = new MessageQueue<string>((message) => message.length);
  for (const message of messages) queue.push(message);
  return queue;
};

async function collect(queue: MessageQueue<string>, limits = LIMITS): Promise<string[][]> {
  const batches: string[][] = [];
  for await (const batch of queue.batches(limits)) batches.push(batch);
  return batches;
}

Deno.test("MessageQueue gives full batches at once and the rest after its age", async () => {
  const queue = queueOf("a", "b", "c");
  const batches = queue.batches(LIMITS);
  assertEquals((await batches.next()).value, ["a", "b"]);
  assertEquals((await batches.next()).value, ["c"]);
  const waiting = batches.next();
  queue.push("d");
  assertEquals((await waiting).value, ["d"]);
  queue.close();
  assertEquals((await batches.next()).done, true);
});

Deno.test("MessageQueue ends a batch before the message that would make it too large, but never before the first", async () => {
  const queue = queueOf("12345", "1234567", "12", "12345678901234567890", "1");
  queue.close();
  assertEquals(await collect(queue, { messages: 9, bytes: 12, ageMs: 0 }), [
    ["12345", "1234567"],
    ["12"],
    ["12345678901234567890"],
    ["1"],
  ]);
});

Deno.test("MessageQueue counts the bytes that wait", async () => {
  const queue = queueOf("four", "seven..");
  assertEquals([queue.bytes, queue.length], [11, 2]);
  const batches = queue.batches({ ...LIMITS, messages: 1 });
  await batches.next();
  assertEquals(queue.bytes, 7);
  queue.putBack(["four"]);
  assertEquals([queue.takeOut((message) => message === "four"), queue.bytes], [["four"], 7]);
  assertEquals([queue.takeOut(), queue.bytes], [["seven.."], 0]);
});

Deno.test("MessageQueue gives what was put back first, and what waits before it ends", async () => {
  const queue = queueOf("c");
  queue.putBack(["a", "b"]);
  queue.close();
  assertThrows(() => queue.push("late"), Error, "the queue is closed");
  assertEquals(await collect(queue), [["a", "b"], ["c"]]);
});
