import { assertEquals } from "@std/assert";
import { backlog, type FreshRange } from "../../gateway/backlog.ts";

const MINUTE = 60_000;

function seqsOf(range: FreshRange | null): number[] {
  if (range === null) return [];
  const count = Math.min(range.limit, range.upTo - range.after);
  return Array.from({ length: count }, (_, index) => range.after + 1 + index);
}

Deno.test("backlog() sends what falls behind by less than a message as it comes", () => {
  const queue = backlog({ perMinute: 60, messageReadouts: 10 });
  queue.noteNewest(10);
  assertEquals(queue.live(4), { after: 0, upTo: 10, limit: 4 });
  assertEquals(queue.sent([1, 2, 3, 4], 0), true);
  assertEquals(queue.live(10), { after: 4, upTo: 10, limit: 10 });
  assertEquals([queue.next(0, 10), queue.nextAt()], [null, null]);
});

Deno.test("backlog() lets what is taken now pass what has gathered", () => {
  const queue = backlog({ perMinute: 6_000, messageReadouts: 500 });
  queue.noteNewest(100_000);
  assertEquals(queue.live(500), null);
  queue.noteNewest(100_003);
  assertEquals(seqsOf(queue.live(500)), [100_001, 100_002, 100_003]);
  queue.sent([100_001, 100_002, 100_003], 0);
  const first = seqsOf(queue.next(0, 500));
  assertEquals([first.at(0), first.at(-1), first.length], [1, 500, 500]);
});

Deno.test("backlog() drains at its rate, in messages that are worth it, oldest first", () => {
  const queue = backlog({ perMinute: 600, messageReadouts: 500 });
  queue.noteNewest(1_000);
  const sent: number[] = [];
  for (let now = 0; now < MINUTE; now += 100) {
    const seqs = seqsOf(queue.next(now, 500));
    if (seqs.length === 0) continue;
    assertEquals(queue.sent(seqs, now), false);
    sent.push(...seqs);
    assertEquals(seqs.length, 50);
  }
  // What gathers in five seconds goes at once at the beginning.
  assertEquals(sent, Array.from({ length: 600 }, (_, index) => index + 1));
});

Deno.test("backlog() says when its next message may go, also for the last few", () => {
  const queue = backlog({ perMinute: 600, messageReadouts: 10 });
  queue.noteNewest(13);
  assertEquals(queue.nextAt(), 0);
  queue.sent(seqsOf(queue.next(0, 10)), 0);
  assertEquals(queue.nextAt(), 300);
  assertEquals([seqsOf(queue.next(299, 10)), seqsOf(queue.next(300, 10))], [[], [11, 12, 13]]);
  queue.sent([11, 12, 13], 300);
  assertEquals(queue.nextAt(), null);
});

Deno.test("backlog() passes over what is no more there", () => {
  const queue = backlog({ perMinute: 6_000, messageReadouts: 10 });
  queue.noteNewest(100);
  queue.noteNewest(105);
  queue.empty(105);
  assertEquals(queue.live(10), null);
  queue.noteNewest(300);
  queue.empty(100);
  assertEquals(queue.next(0, 5), { after: 105, upTo: 300, limit: 5 });
  assertEquals(queue.probe(), { after: 105, upTo: 300, limit: 1 });
});
