import { assertEquals } from "@std/assert";
import { fullJitterBackoff, silentLog } from "@mbus-gateway/resource";
import { loadLibc } from "../../../gateway/libc.ts";
import { listenAt } from "../../../gateway/radio/listen.ts";
import { type OpenReceiverLine, openReceiverLine } from "../../../gateway/radio/receiver_line.ts";
import { ptyPair } from "../../fixtures/pty.ts";
import { radioMeters } from "../../simulator/radio/radio_meter.ts";
import { simulateRadio } from "../../simulator/radio/simulate_radio.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

Deno.test("a receiver pulled out and put back as another device is heard again under its lasting name", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_hot_plug_" });
  {
    // As /dev/serial/by-id does: a link to whatever device it is now.
    const name = `${folder}/usb-EXAMPLE_iM871A`;
    await using radio = simulateRadio({
      ...{ receiver: "im871a", meters: radioMeters(2, { modes: ["T"] }), ledger: `${folder}/ledger`, everyMs: 60 },
    });
    const first = ptyPair();
    await Deno.symlink(first.path, name);
    const before = radio.serve(first);
    const stop = new AbortController();
    const backoff = fullJitterBackoff({ baseMs: 5, maxMs: 20 });
    let second: ReturnType<typeof ptyPair> | null = null;
    let after: Promise<void> | null = null;
    const heard: string[] = [];
    const options = {
      receiver: "im871a",
      port: name,
      signal: stop.signal,
      log: silentLog,
      turnMs: 20,
      backoff,
    } as const;
    for await (const { address } of listenAt(options)) {
      heard.push(address);
      if (heard.length === 3) {
        await first.hangUp();
        await Deno.remove(name);
        radio.peer.powerUp();
        // Elsewhere on the bus, while nothing has the name.
        second = ptyPair();
        after = radio.serve(second);
        await Deno.symlink(second.path, name);
      }
      if (heard.length === 6) stop.abort();
    }
    assertEquals(new Set(heard).size, 2);
    await second?.hangUp();
    await Promise.all([before, after]);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a receiver is looked for by its adapter once that is known, whatever its device is called", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_hot_plug_" });
  {
    await using radio = simulateRadio({
      ...{ receiver: "cul", meters: radioMeters(1, { modes: ["T"] }), ledger: `${folder}/ledger`, everyMs: 40 },
    });
    const asked: (string | undefined)[] = [];
    const open: OpenReceiverLine = async ({ baudRate }, { signal, adapter }) => {
      asked.push(adapter);
      return Object.assign(await openReceiverLine({ port: radio.url, baudRate }, { signal }), { adapter: "A1B2C3" });
    };
    const stop = new AbortController();
    const backoff = fullJitterBackoff({ baseMs: 5, maxMs: 20 });
    let heard = 0;
    const options = { receiver: "cul", port: "/dev/ttyUSB0", signal: stop.signal, log: silentLog } as const;
    for await (const _ of listenAt({ ...options, turnMs: 20, backoff, open })) {
      heard++;
      if (heard === 1) radio.unplug();
      if (heard > 1 && asked.length > 1) stop.abort();
    }
    assertEquals(asked.slice(0, 2), [undefined, "A1B2C3"]);
  }
  await Deno.remove(folder, { recursive: true });
});
