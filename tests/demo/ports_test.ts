import { assert, assertEquals, assertThrows } from "@std/assert";
import { findPorts } from "./ports.ts";

const ANY = { httpPort: 0, mqttPort: 0, mbusPort: 0, data: "", verbose: false };

Deno.test("findPorts() finds three free ports and lets go of them", () => {
  const ports = Object.values(findPorts(ANY));
  assertEquals(new Set(ports).size, 3);
  for (const port of ports) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port });
    assert(listener.addr.transport === "tcp");
  }
});

for (const option of ["http", "mqtt", "mbus"] as const) {
  Deno.test(`findPorts() says that the ${option} port is taken and how to choose another`, () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    assertThrows(
      () => findPorts({ ...ANY, [`${option}Port`]: port }),
      Error,
      `is taken; choose another with --${option}-port N`,
    );
  });
}

Deno.test("findPorts() refuses one port for two", () => {
  const { http } = findPorts(ANY);
  assertThrows(() => findPorts({ ...ANY, httpPort: http, mqttPort: http }), Error, "--mqtt-port");
});
