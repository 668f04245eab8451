import { assertEquals, assertStringIncludes } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { superviseGateway } from "../../gateway/supervise.ts";
import { freePort } from "../fixtures/free_port.ts";

Deno.test("superviseGateway() reads meters also where no control socket can be", async () => {
  const top = await Deno.makeTempDir({ prefix: "mbus_supervise_" });
  const dataFolder = `${top}/${"long".repeat(30)}`;
  await Deno.writeTextFile(`${top}/token`, "made-up\n");
  const nowhere = freePort();
  await Deno.writeTextFile(
    `${top}/config.yaml`,
    JSON.stringify({
      gateway: "GW-0001",
      dataFolder,
      mqtt: { url: `mqtt://127.0.0.1:${nowhere}` },
      platform: { url: `http://127.0.0.1:${nowhere}`, tokenFile: `${top}/token` },
      buses: [{ name: "main", port: `tcp://127.0.0.1:${nowhere}`, interval: "15m", meters: ["p1"] }],
    }),
  );
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const stop = new AbortController();
  let began = false;
  const onReady = () => {
    began = true;
    stop.abort();
  };
  await superviseGateway({ path: `${top}/config.yaml`, signal: stop.signal, log, onReady });
  assertEquals(began, true);
  assertStringIncludes(lines.join("\n"), "a socket's path at most 107; choose a shorter dataFolder");
  await Deno.remove(top, { recursive: true });
});
