import { assertEquals } from "@std/assert";
import { VERSION } from "@mbus-gateway/wire";

const ROOT = `${import.meta.dirname}/../../..`;

Deno.test("VERSION is the version of every member of the workspace", async () => {
  const { workspace } = await configuration("deno.json");
  const versions = await Promise.all(workspace.map(async (member: string) => [
    member,
    (await configuration(`${member}/deno.json`)).version,
  ]));
  assertEquals(versions, workspace.map((member: string) => [member, VERSION]));
  assertEquals(versions.length > 0, true);
});

/** A deno.json; what is read of it carries no `//` inside a text. */
async function configuration(path: string) {
  const text = await Deno.readTextFile(`${ROOT}/${path}`);
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ""));
}
