import { assertEquals, assertThrows } from "@std/assert";
import { type AnsweredEntry, openLedger, readLedger } from "./ledger.ts";

const ANSWER: AnsweredEntry = {
  type: "answer",
  counter: 1,
  time: "2026-01-31T12:00:00.000Z",
  meter: { manufacturer: "SIM", identification: "10001001", version: 1, deviceTypeCode: 4, primaryAddress: 1 },
  registers: [],
  dates: [],
  frames: ["00", "01"],
};

Deno.test("openLedger() continues a book, past a line that a kill tore", () => {
  const path = Deno.makeTempFileSync();
  {
    using ledger = openLedger(path);
    assertEquals(ledger.lastCounter, 0);
    ledger.append(ANSWER);
  }
  Deno.writeTextFileSync(path, '{"type":"answer","coun', { append: true });
  {
    using ledger = openLedger(path);
    assertEquals(ledger.lastCounter, 1);
    ledger.append({ ...ANSWER, counter: 2 });
  }
  assertEquals([...readLedger(path).keys()], [1, 2]);
  Deno.removeSync(path);
});

Deno.test("readLedger() calls an answer whole when each telegram left unspoiled", () => {
  const path = Deno.makeTempFileSync();
  using ledger = openLedger(path);
  const whole = () => readLedger(path).get(1)?.whole;
  ledger.append(ANSWER);
  ledger.append({ type: "sent", counter: 1, telegram: 0, fault: null });
  ledger.append({ type: "sent", counter: 1, telegram: 0, fault: null });
  ledger.append({ type: "sent", counter: 1, telegram: 1, fault: "corrupt" });
  assertEquals(whole(), false);
  ledger.append({ type: "sent", counter: 1, telegram: 1, fault: null });
  assertEquals(whole(), true);
  Deno.removeSync(path);
});

Deno.test("readLedger() refuses a book in which a counter was used twice", () => {
  const path = Deno.makeTempFileSync();
  using ledger = openLedger(path);
  ledger.append(ANSWER);
  ledger.append(ANSWER);
  assertThrows(() => readLedger(path), Error, "counter 1 was used twice");
  Deno.removeSync(path);
});
