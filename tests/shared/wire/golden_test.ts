import { assertEquals } from "@std/assert";
import {
  encodeConfirmation,
  encodeHeartbeat,
  encodePayload,
  parseConfirmation,
  parseHeartbeat,
  parsePayload,
} from "@mbus-gateway/wire";
import { CONFIRMATION, HEARTBEAT, PAYLOAD } from "./samples.ts";

// The golden files are what gateways in the field send and hear: a change that alters or no longer reads one of them
// needs a new version of its schema, and the old file stays readable.

const golden = (name: string) => Deno.readFile(`${import.meta.dirname}/${name}`);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();

Deno.test("encodePayload() writes the golden payload, and parsePayload() reads it", async () => {
  const bytes = await golden("payload.v1.golden.json");
  assertEquals(text(encodePayload(PAYLOAD)), text(bytes));
  assertEquals(parsePayload(bytes), { ...PAYLOAD, bad: [] });
});

Deno.test("parsePayload() reads the golden gzip payload as the plain one", async () => {
  const bytes = await golden("payload.v1.golden.json.gz");
  assertEquals([bytes[0], bytes[1]], [0x1f, 0x8b]);
  assertEquals(parsePayload(bytes), parsePayload(await golden("payload.v1.golden.json")));
});

Deno.test("encodeConfirmation() writes the golden confirmation, and parseConfirmation() reads it", async () => {
  const bytes = await golden("confirmation.v1.golden.json");
  assertEquals(encodeConfirmation(CONFIRMATION), text(bytes));
  assertEquals(parseConfirmation(bytes), CONFIRMATION);
});

Deno.test("encodeHeartbeat() writes the golden heartbeat, and parseHeartbeat() reads it", async () => {
  const bytes = await golden("heartbeat.v1.golden.json");
  assertEquals(encodeHeartbeat(HEARTBEAT), text(bytes));
  assertEquals(parseHeartbeat(bytes), HEARTBEAT);
});
