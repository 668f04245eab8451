import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { createReconfiguration } from "../../gateway/reconfiguration.ts";
import { settleTrial } from "../../gateway/config_pending.ts";
import { RequestError } from "../../gateway/requests/request_error.ts";
import { openSpool } from "../../gateway/spool.ts";
import { exists } from "../../gateway/exists.ts";
import { manualTime } from "../fixtures/manual_time.ts";

async function scene({ remote = true } = {}) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/config.yaml`;
  const text = (interval: string) =>
    JSON.stringify({
      gateway: "GW-0001",
      dataFolder: folder,
      mqtt: { url: "mqtt://127.0.0.1:1883" },
      platform: { url: "http://127.0.0.1:8080", tokenFile: "token" },
      buses: [{ name: "main", port: "tcp://127.0.0.1:10001", interval, meters: ["p1"] }],
      remoteConfiguration: remote,
    });
  await Deno.writeTextFile(path, text("15m"));
  const time = manualTime();
  const reconfiguration = createReconfiguration({ path, log: silentLog, timer: time.timer, env: {} });
  const context = { signal: new AbortController().signal, progress: () => {} };
  const set = async (config: string) => await reconfiguration.handlers["config/set"]?.run({ config }, context);
  return {
    folder,
    path,
    text,
    time,
    reconfiguration,
    set,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

const read = (path: string) => Deno.readTextFileSync(path);

Deno.test("config/set keeps what connects and reads, and the one before as a backup", async () => {
  await using at = await scene();
  const run = at.reconfiguration.begin();
  const answer = at.set(at.text("5m"));
  await at.time.pass(0);
  assert(run.over.aborted);
  const next = at.reconfiguration.begin();
  assertEquals(next.config.buses[0]?.intervalMs, 300_000);
  next.connected();
  next.witness.taken("main");
  assertEquals(await answer, { applied: true });
  assertEquals([read(at.path), read(`${at.folder}/config.before.yaml`)], [at.text("5m"), at.text("15m")]);
  assertEquals(exists(`${at.path}.pending`), false);
  await at.time.pass(600_000);
  assertEquals(next.over.aborted, false);
});

Deno.test("config/set takes back what does not connect or read in time, or ends the gateway", async () => {
  await using at = await scene();
  for (const proof of ["none", "connected", "failed"] as const) {
    at.reconfiguration.begin();
    const answer = assertRejects(() => at.set(at.text("5m")), RequestError);
    await at.time.pass(0);
    const trial = at.reconfiguration.begin();
    if (proof === "connected") trial.connected();
    if (proof === "failed") assert(at.reconfiguration.failed(new Error("Cannot open port: there is none")));
    else await at.time.pass(180_000);
    const error = await answer;
    assertEquals(error.code, "reverted");
    assertEquals(
      error.message,
      {
        none:
          "Cannot keep the configuration: the broker could not be reached, and no meter of bus main could be read with it within 180 s; the one before it is in use again",
        connected:
          "Cannot keep the configuration: no meter of bus main could be read with it within 180 s; the one before it is in use again",
        failed: "Cannot keep the configuration: Cannot open port: there is none; the one before it is in use again",
      }[proof],
    );
    assertEquals(trial.over.aborted, proof !== "failed");
    assertEquals([read(at.path), exists(`${at.path}.pending`)], [at.text("15m"), false]);
  }
  assertEquals(at.reconfiguration.failed(new Error("something else")), false);
});

Deno.test("config/set has a configuration that reads at times of its own read at once, as its proof", async () => {
  await using at = await scene();
  const scheduled = JSON.parse(at.text("5m"));
  delete scheduled.buses[0].interval;
  scheduled.buses[0].schedule = "0 3 * * *";
  assertEquals(at.reconfiguration.begin().readAtOnce, false);
  for (const proven of [false, true]) {
    const answer = at.set(JSON.stringify(scheduled)).catch(({ code }) => code);
    await at.time.pass(0);
    const trial = at.reconfiguration.begin();
    assertEquals(trial.readAtOnce, true);
    trial.connected();
    if (proven) trial.witness.taken("main");
    else await at.time.pass(180_000);
    assertEquals(await answer, proven ? { applied: true } : "reverted");
    assertEquals(at.reconfiguration.begin().readAtOnce, false);
  }
});

/** Three buses: two on wires, with a meter each, and a receiver. */
function threeBuses(text: string, ...more: string[]): string {
  const written = JSON.parse(text);
  const wired = (name: string, index: number) => ({ name, port: `tcp://127.0.0.1:${10_001 + index}`, meters: ["p1"] });
  const air = { name: "air", receiver: "rtl_wmbus", port: "tcp://127.0.0.1:10000" };
  return JSON.stringify({ ...written, buses: [...["main", "cellar", ...more].map(wired), air] });
}

Deno.test("config/set wants every bus to show that it works, a new one too", async () => {
  await using at = await scene();
  await Deno.writeTextFile(at.path, threeBuses(at.text("15m")));
  at.reconfiguration.begin();
  for (const missing of ["", "main", "cellar", "air", "attic"]) {
    const answer = at.set(threeBuses(at.text("5m"), "attic")).then(() => "", ({ message }) => message);
    await at.time.pass(0);
    const { connected, witness } = at.reconfiguration.begin();
    connected();
    for (const bus of ["main", "cellar", "attic"]) if (bus !== missing) witness.taken(bus);
    witness.receiver("air", "opening");
    if (missing !== "air") witness.receiver("air", "listening");
    await at.time.pass(180_000);
    const lack = missing === "air"
      ? "the receiver of bus air did not listen"
      : `no meter of bus ${missing} could be read`;
    const reverted = `Cannot keep the configuration: ${lack} with it within 180 s; the one before it is in use again`;
    assertEquals(await answer, missing === "" ? "" : reverted);
    at.reconfiguration.begin();
  }
});

Deno.test("config/set takes nothing for a proof that the run before did while it ended", async () => {
  await using at = await scene();
  const before = at.reconfiguration.begin();
  const answer = at.set(at.text("5m")).catch(({ code }) => code);
  await at.time.pass(0);
  before.connected();
  before.witness.taken("main");
  at.reconfiguration.begin();
  before.connected();
  before.witness.taken("main");
  await at.time.pass(180_000);
  assertEquals(await answer, "reverted");
});

Deno.test("config/set wants no proof of a bus that is known to have given nothing before", async () => {
  await using at = await scene();
  await Deno.writeTextFile(at.path, threeBuses(at.text("15m")));
  const { witness } = at.reconfiguration.begin();
  witness.board.answered("main", "p1", "2026-01-31T12:00:00Z");
  witness.board.silent("cellar", "p1", "2026-01-31T12:00:00Z");
  witness.receiver("air", "opening");
  witness.receiver("air", "opening");
  const answer = at.set(threeBuses(at.text("5m")));
  await at.time.pass(0);
  const trial = at.reconfiguration.begin();
  trial.witness.taken("main");
  trial.connected();
  assertEquals(await answer, { applied: true });
  // Nor at the next change, as long as that one has not given anything either; what has is wanted.
  trial.witness.receiver("air", "listening");
  const next = at.set(threeBuses(at.text("6m"))).then(() => "", ({ message }) => message);
  await at.time.pass(0);
  const last = at.reconfiguration.begin();
  last.connected();
  last.witness.taken("main");
  await at.time.pass(180_000);
  assertStringIncludes(await next, ": the receiver of bus air did not listen with it within 180 s;");
});

Deno.test("config/set wants a connection also where there is one at times only, and has its answer sent at once", async () => {
  await using at = await scene();
  const text = JSON.stringify({ ...JSON.parse(at.text("5m")), connection: "0 3 * * *" });
  assertEquals(at.reconfiguration.begin().connectAtOnce, false);
  const answer = at.set(text).then(() => "", ({ message }) => message);
  await at.time.pass(0);
  const trial = at.reconfiguration.begin();
  assertEquals(trial.connectAtOnce, true);
  trial.witness.taken("main");
  await at.time.pass(180_000);
  assertStringIncludes(await answer, "the broker could not be reached with it");
  assertEquals(at.reconfiguration.begin().connectAtOnce, true, "whoever asked is to hear of it");
  assertEquals(at.reconfiguration.begin().connectAtOnce, false);
});

Deno.test("config/set allows one trial at a time, and none where the file does not", async () => {
  await using at = await scene();
  at.reconfiguration.begin();
  const answer = at.set(at.text("5m")).catch(() => {});
  await at.time.pass(0);
  assertEquals((await assertRejects(() => at.set(at.text("1m")), RequestError)).code, "busy");
  await at.time.pass(180_000);
  await answer;
  await using closed = await scene({ remote: false });
  closed.reconfiguration.begin();
  assertEquals((await assertRejects(() => closed.set(closed.text("5m")), RequestError)).code, "not_enabled");
});

Deno.test("settleTrial() takes back what a killed process tried, also when the file was half written", async () => {
  await using at = await scene();
  at.reconfiguration.begin();
  void at.set(at.text("5m")).catch(() => {});
  await at.time.pass(0);
  await Deno.writeTextFile(at.path, at.text("5m").slice(0, 40));
  settleTrial(at.path, silentLog);
  assertEquals([read(at.path), exists(`${at.path}.pending`)], [at.text("15m"), false]);
  settleTrial(at.path, silentLog);
  assertEquals(read(at.path), at.text("15m"));
  await at.time.pass(180_000);
});

Deno.test("settleTrial() leaves the trial of a gateway that runs to that one", async () => {
  await using at = await scene();
  at.reconfiguration.begin();
  void at.set(at.text("5m")).catch(() => {});
  await at.time.pass(0);
  {
    using _spool = openSpool(`${at.folder}/spool.db`);
    settleTrial(at.path, silentLog);
    assertEquals(read(at.path), at.text("5m"));
  }
  settleTrial(at.path, silentLog);
  assertEquals(read(at.path), at.text("15m"));
  await at.time.pass(180_000);
});

Deno.test("settleTrial() keeps the configuration where a power cut left half of the one before it, or nothing", async () => {
  await using at = await scene();
  at.reconfiguration.begin();
  void at.set(at.text("5m")).catch(() => {});
  await at.time.pass(0);
  const pending = read(`${at.path}.pending`);
  for (let length = 0; length < pending.length; length += 7) {
    await Deno.writeTextFile(at.path, at.text("15m"));
    await Deno.writeTextFile(`${at.path}.pending`, pending.slice(0, length));
    settleTrial(at.path, silentLog);
    assertEquals([read(at.path), exists(`${at.path}.pending`)], [at.text("15m"), false], `${length} characters`);
  }
  await at.time.pass(180_000);
  assertEquals(read(at.path), at.text("15m"));
});

Deno.test("config/set keeps what works also when another process has meanwhile taken the one before away", async () => {
  await using at = await scene();
  at.reconfiguration.begin();
  const answer = at.set(at.text("5m"));
  await at.time.pass(0);
  const run = at.reconfiguration.begin();
  await Deno.remove(`${at.path}.pending`);
  run.connected();
  run.witness.taken("main");
  assertEquals(await answer, { applied: true });
});
