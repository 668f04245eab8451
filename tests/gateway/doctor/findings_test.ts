import { assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodeFor } from "../../../gateway/doctor/doctor_command.ts";
import { skewFinding } from "../../../gateway/doctor/connections.ts";
import { certificateFindings, lifeOf } from "../../../gateway/doctor/certificates.ts";
import { fails, ok, warns } from "../../../gateway/doctor/finding.ts";
import { clockFinding, folderFinding, permissionFinding } from "../../../gateway/doctor/places.ts";
import { testAuthority } from "../../fixtures/certificates.ts";
import { needs } from "../../fixtures/needs.ts";
import { mayMount, smallDisk } from "../../fixtures/small_disk.ts";

const may = await mayMount();
if (!may) console.error("ignored: needs the right to mount a file system");

Deno.test("exitCodeFor() goes by the gravest finding; what only warns is no failure", () => {
  assertEquals(exitCodeFor([ok("a", ""), warns("b", "")]), 0);
  assertEquals(exitCodeFor([fails("broker", ""), fails("bus", "", 4)]), 4);
  assertEquals(exitCodeFor([fails("bus", "", 4), fails("permissions", "", 13), fails("certificates", "", 3)]), 3);
});

Deno.test("clockFinding() warns of a time that cannot be believed", () => {
  const at = (iso: string, trusted: boolean) => clockFinding({ now: () => new Date(iso), trusted: () => trusted });
  assertEquals(at("2026-06-01T00:00:00Z", true).state, "ok");
  assertStringIncludes(at("1970-01-01T00:00:00Z", false).text, "before this release");
  assertStringIncludes(at("2026-06-01T00:00:00Z", false).text, "time server");
});

Deno.test({
  name: "folderFinding() says of a full disk that room is to be made, and of little room that it may not last",
  ignore: !may,
  async fn() {
    await using disk = await smallDisk();
    const little = folderFinding(disk.folder);
    assertEquals(little.state, "warns");
    assertStringIncludes(little.text, "free some of the disk");
    disk.fill("of-others");
    const full = folderFinding(disk.folder);
    assertEquals(full.state, "fails");
    assertStringIncludes(full.text, "make room on its disk");
  },
});

Deno.test("skewFinding() says in which direction the clock is wrong", () => {
  assertEquals([skewFinding(59_000), skewFinding(NaN)], [[], []]);
  assertStringIncludes(skewFinding(3_600_000)[0]?.text ?? "", "3600 s behind the platform's");
  assertStringIncludes(skewFinding(-61_000)[0]?.text ?? "", "61 s ahead of");
});

Deno.test({
  name: "permissionFinding() names what was not given",
  permissions: { net: ["127.0.0.1:1883"] },
  fn: () => {
    const { state, text, code } = permissionFinding(["--allow-net=127.0.0.1:1883,broker.example.org:8883"]);
    assertEquals([state, code], ["fails", 13]);
    assertStringIncludes(text, "missing: net broker.example.org:8883;");
  },
});

Deno.test({
  name: "certificateFindings() tells how long each file lives, whose name it has, and what cannot be used",
  ...needs("openssl"),
  fn: async () => {
    await using authority = await testAuthority(); // its certificates live two days
    const { cert } = await authority.client("GW-0001");
    await authority.client("GW-0002");
    const file = (name: string) => `${authority.folder}/${name}`;
    const config = (name: string, key = name) => ({
      gateway: "GW-0001",
      mqtt: {
        url: "mqtts://localhost",
        ca: file("ca.crt"),
        cert: file(`${name}.crt`),
        key: file(`${key}.key`),
      },
    });
    const now = new Date();
    const own = await certificateFindings(config("GW-0001"), now);
    assertEquals(own.map(({ what, state }) => [what, state]), [["mqtt.ca", "warns"], ["mqtt.cert", "warns"]]);
    assertStringIncludes(own[1]?.text ?? "", "in 1 days; replace the file before");
    const [, , name] = await certificateFindings(config("GW-0002"), now);
    assertStringIncludes(name?.text ?? "", "common name is GW-0002, the gateway is GW-0001");
    const [mixed] = await certificateFindings(config("GW-0001", "GW-0002"), now);
    assertEquals([mixed?.state, mixed?.code], ["fails", 3]);
    assertStringIncludes(mixed?.text ?? "", "key");
    const [missing] = await certificateFindings(config("GW-0003"), now);
    assertStringIncludes(missing?.text ?? "", "there is no such file");

    assertEquals(lifeOf("mqtt.cert", cert, new Date(now.getTime() + 3 * 86_400_000)).state, "fails");
    assertStringIncludes(lifeOf("mqtt.cert", cert, new Date(0)).text, "correct this computer's clock");
  },
});
