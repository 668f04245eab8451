import { assertEquals } from "@std/assert";
import { SERVER_NAME } from "@mbus-gateway/wire";
import { mayRead, maySubscribe, mayWrite } from "../../../server/embedded/topic_rights.ts";

const ME = "GW-0001";

Deno.test("topic rights are those of deploy/mosquitto.acl", async () => {
  const acl = await Deno.readTextFile(`${import.meta.dirname}/../../../deploy/mosquitto.acl`);
  const lines = acl.split("\n").filter((line) => /^(pattern|topic) /.test(line));
  assertEquals(lines.length > 9, true);
  for (const line of lines) {
    const [kind, access, filter = ""] = line.split(" ");
    const client = kind === "pattern" ? ME : SERVER_NAME;
    const own = filter.replace("%u", ME);
    const topic = own.replace("+", "GW-0002").replace("#", "a/b");
    assertEquals([access === "write", access === "read"], [mayWrite(client, topic), mayRead(client, topic)], line);
    assertEquals(maySubscribe(client, own), access === "read", line);
  }
});

Deno.test("topic rights end where another gateway begins", () => {
  for (const topic of ["meters/GW-0002/data", "meters/GW-0001/data/x", "meters/GW-0001", "meters//data", "x"]) {
    assertEquals(mayWrite(ME, topic), false, topic);
  }
  for (const filter of ["#", "+/+/confirm", "gateways/+/confirm", "gateways/#", "gateways/GW-0001/#", "$SYS/#"]) {
    assertEquals(maySubscribe(ME, filter), false, filter);
  }
  assertEquals(maySubscribe(ME, "gateways/GW-0001/request/+/x"), true);
  assertEquals(maySubscribe(SERVER_NAME, "#"), false);
  assertEquals(mayWrite(SERVER_NAME, "meters/GW-0001/data"), false);
  assertEquals(mayWrite("", "meters//data"), false);
});
