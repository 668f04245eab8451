import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import type { Hearing } from "../../../gateway/radio/radio_ear.ts";
import { lookAtFrame } from "../../../gateway/radio/radio_frame.ts";
import type { RadioBusConfig } from "../../../gateway/radio/radio_config.ts";
import { createRadioDesk, UnknownRadioBus } from "../../../gateway/radio/radio_desk.ts";

const FRAME = Uint8Array.fromHex("10442d2c785634121b16780413e8030000");
const HEARING: Hearing = {
  ...{ type: "telegram", frame: FRAME, rssi: -70, look: lookAtFrame(FRAME), clock: "trusted", repeated: false },
  readAt: "2026-01-31T12:00:00.000Z",
};

function radio(name: string, more: Partial<RadioBusConfig> = {}): RadioBusConfig {
  return { name, receiver: "cul", port: "/dev/x", modes: ["T"], intervalMs: null, silentAfterMs: 1, ...more };
}

Deno.test("RadioDesk tells those who listen, on one bus or on all, until they stop", async () => {
  const { desk, stations } = createRadioDesk([radio("roof"), radio("yard")]);
  assertEquals(desk.buses, ["roof", "yard"]);
  const told: string[] = [];
  const stop = new AbortController();
  const all = desk.listen(null, ({ bus }) => told.push(`all ${bus}`), stop.signal);
  const yard = desk.listen("yard", ({ bus, address }) => told.push(`yard ${bus} ${address}`), stop.signal);
  for (const station of stations) station.tell(HEARING);
  stop.abort();
  await Promise.all([all, yard]);
  for (const station of stations) station.tell(HEARING);
  assertEquals(told, ["all roof", "all yard", "yard yard 123456782D2C1B16"]);
});

Deno.test("RadioDesk.listen() says which buses there are when the name is none", async () => {
  const { desk } = createRadioDesk([radio("roof")]);
  const nowhere = () => desk.listen("main", () => {}, new AbortController().signal);
  await assertRejects(nowhere, UnknownRadioBus, "Cannot listen on main: it is no wireless bus; there are roof");
});

Deno.test("createRadioDesk() refuses keys that are none, and shows none of them", async () => {
  const path = await Deno.makeTempFile({ prefix: "mbus_keys_" });
  await Deno.writeTextFile(path, "12345678 00112233\n");
  const error = assertThrows(() => createRadioDesk([radio("roof", { keysFile: path })]), ConfigurationError, "line 1");
  assertEquals(error.message.includes("00112233"), false);
  await Deno.remove(path);
  assertThrows(() => createRadioDesk([radio("roof", { keysFile: path })]), ConfigurationError, "there is no file");
});
