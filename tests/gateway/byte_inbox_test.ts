import { assertEquals, assertRejects } from "@std/assert";
import { ByteInbox } from "../../gateway/byte_inbox.ts";
import { TransportClosed } from "../../gateway/byte_stream.ts";

Deno.test("ByteInbox.read() joins what came since the last read", async () => {
  const inbox = new ByteInbox();
  inbox.push(new Uint8Array([1, 2]));
  inbox.push(new Uint8Array([]));
  inbox.push(new Uint8Array([3]));
  assertEquals(await inbox.read(0), new Uint8Array([1, 2, 3]));
  assertEquals(await inbox.read(0), null);
});

Deno.test("ByteInbox.room() makes a sender wait for the reader", async () => {
  const inbox = new ByteInbox();
  inbox.push(new Uint8Array(100_000));
  let waited = true;
  const room = inbox.room().then(() => waited = false);
  await Promise.resolve();
  assertEquals(waited, true);
  await inbox.read(0);
  await room;
  assertEquals(waited, false);
});

Deno.test("ByteInbox.close() lets readers finish, keeps the first reason and frees a waiting sender", async () => {
  const inbox = new ByteInbox();
  inbox.push(new Uint8Array(100_000));
  const room = inbox.room();
  inbox.close(new TransportClosed("Cannot use line: first"));
  inbox.close(new TransportClosed("Cannot use line: second"));
  await room;
  assertEquals((await inbox.read(0))?.length, 100_000);
  await assertRejects(() => inbox.read(0), TransportClosed, "first");
});

Deno.test("ByteInbox.read() leaves no listener on a signal that lives on", async () => {
  const inbox = new ByteInbox();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  for (let i = 0; i < 3; i++) await inbox.read(1, signal);
  assertEquals(listeners, 0);
});
