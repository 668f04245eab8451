import { assertEquals } from "@std/assert";
import { serviceManager } from "../../gateway/service_manager.ts";
import { notifySocket } from "../fixtures/notify_socket.ts";
import { until } from "../fixtures/until.ts";

Deno.test("serviceManager() says in systemd's words how the gateway does, by path and by abstract name", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_notify_" });
  try {
    for (const path of [`${folder}/notify`, `@mbus-gateway-${crypto.randomUUID()}`]) {
      using systemd = notifySocket(path);
      await Deno.writeTextFile(`${folder}/own`, "left by a process that was killed");
      {
        using manager = serviceManager({ socket: path, watchdogMs: 60_000 }, `${folder}/own`);
        assertEquals(manager.watchdogMs, 60_000);
        assertEquals(await manager.ready("3 meters"), true);
        await manager.alive("2 of 3\nmeters");
        await manager.stopping();
      }
      await until("all is heard", () => systemd.messages.length === 3);
      assertEquals(systemd.messages.map(([first]) => first), ["READY=1", "WATCHDOG=1", "STOPPING=1"]);
      assertEquals(systemd.messages[1], ["WATCHDOG=1", "STATUS=2 of 3 meters"]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("serviceManager() goes on when nobody listens any more", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_notify_" });
  try {
    using manager = serviceManager({ socket: `${folder}/nobody`, watchdogMs: null }, `${folder}/own`);
    assertEquals(await manager.alive("fine"), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
