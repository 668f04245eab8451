import { assertEquals, assertRejects } from "@std/assert";
import { MessageQueue } from "../../../server/ingest/message_queue.ts";

const queueOf = (...messages: string[]) => {
  const queue = new MessageQueue<string>((message) => message.length);
  for (const message of messages) queue.push(message);
  return queue;
};

async function collect(queue: MessageQueue<string>, size = 2): Promise<string[][]> {
  const batches: string[][] = [];
  for await (const batch of queue.batches({ size, maxAgeMs: 1 })) batches.push(batch);
  return batches;
}

Deno.test("MessageQueue gives full batches at once and the rest after its age", async () => {
  const queue = queueOf("a", "b", "c");
  const batches = queue.batches({ size: 2, maxAgeMs: 1 });
  assertEquals((await batches.next()).value, ["a", "b"]);
  assertEquals((await batches.next()).value, ["c"]);
  const waiting = batches.next();
  queue.push("d");
  assertEquals((await waiting).value, ["d"]);
  queue.close(null);
  assertEquals((await batches.next()).done, true);
});

Deno.test("MessageQueue counts the bytes that wait", async () => {
  const queue = queueOf("four", "seven..");
  assertEquals(queue.bytes, 11);
  const batches = queue.batches({ size: 1, maxAgeMs: 1 });
  await batches.next();
  assertEquals(queue.bytes, 7);
});

Deno.test("MessageQueue gives what waits before it ends, and takes nothing after it was closed", async () => {
  const queue = queueOf("a", "b", "c");
  queue.close(null);
  queue.push("late");
  assertEquals(await collect(queue), [["a", "b"], ["c"]]);
});

Deno.test("MessageQueue that was closed for a reason throws it at the end", async () => {
  const queue = queueOf("a");
  queue.close(new Error("connection lost"));
  queue.close(null);
  await assertRejects(() => collect(queue), Error, "connection lost");
});
