import { assert, assertEquals } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { spoolCare } from "../../gateway/spool_care.ts";
import { manualTime } from "../fixtures/manual_time.ts";

Deno.test("spoolCare() goes on while there is more to do, looks now and then, and outlives a failing disk", async () => {
  const { timer, pass } = manualTime();
  const lines: string[] = [];
  const steps: number[] = [];
  let left = 3;
  let fails = false;
  const spool = {
    tend() {
      steps.push(timer.elapsed());
      if (fails) throw new Error("Cannot look through the spool (disk I/O error)");
      return left-- > 0;
    },
  };
  let done = 0;
  const stop = new AbortController();
  const log = createLog({ write: (line) => lines.push(line) });
  const care = spoolCare({ spool, timer, log, signal: stop.signal, onDone: () => done++ });
  await pass(1_000);
  assertEquals([steps, done], [[0, 20, 40, 60], 3]);
  fails = true;
  await pass(20_000);
  fails = false;
  await pass(10_000);
  assert(steps.length <= 11, "it does not hurry while nothing is to be done");
  assertEquals(lines.length, 2, lines.join("\n"));
  assert(lines[0]?.includes("disk I/O error") && lines[1]?.includes("looked after again"));
  stop.abort();
  await pass(0);
  await care;
});
