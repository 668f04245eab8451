import { assert, assertEquals } from "@std/assert";

interface BakedPermissions {
  allow_env: string[] | null;
  allow_ffi: string[] | null;
  allow_net: string[] | null;
  allow_read: string[] | null;
  allow_run: string[] | null;
  allow_sys: string[] | null;
  allow_write: string[] | null;
  prompt: boolean;
}

/** The permissions that a compiled binary carries in its metadata. */
async function bakedPermissions(binary: string): Promise<BakedPermissions> {
  const bytes = await Deno.readFile(binary);
  const start = new TextEncoder().encode('{"argv":');
  // The metadata stands behind the runtime and the modules: look from the end.
  let at = bytes.length;
  do at = bytes.lastIndexOf(start[0] ?? 0, at - 1); while (at >= 0 && start.some((byte, i) => bytes[at + i] !== byte));
  assert(at >= 0, `${binary} carries no metadata`);
  const text = new TextDecoder().decode(bytes.subarray(at, at + 65536));
  const permissions = /"permissions":(\{[^}]*\})/.exec(text)?.[1];
  assert(permissions !== undefined, `${binary} carries no permissions`);
  return JSON.parse(permissions);
}

Deno.test("deno task compile bakes narrow permissions into both programs", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus-compile-" });
  try {
    // The runtime of a binary is downloaded; this one's own executable stands in for it, so that packaging can be
    // shown without a network. What it makes cannot be started.
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", "deploy/compile.ts", "--output", folder],
      cwd: `${import.meta.dirname}/../..`,
      env: { DENORT_BIN: Deno.execPath() },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const gateway = await bakedPermissions(`${folder}/mbus-gateway-${Deno.build.target}`);
    const server = await bakedPermissions(`${folder}/mbus-server-${Deno.build.target}`);
    assertEquals([gateway.prompt, server.prompt], [false, false]);
    assertEquals([gateway.allow_run, server.allow_run], [["/usr/lib/mbus-gateway/cloudflared"], null]);
    assertEquals([gateway.allow_ffi?.length, server.allow_ffi], [1, null]);
    assertEquals([gateway.allow_sys, server.allow_sys], [["statfs"], null]);
    assert(gateway.allow_ffi?.[0]?.endsWith("/libc.so.6"));
    assert((gateway.allow_env?.length ?? 0) > 0 && (server.allow_env?.length ?? 0) > 0);
    assert(!gateway.allow_env?.includes("DATABASE_URL"));
    // What a builder cannot know is unscoped (an empty list), and systemd narrows it.
    for (const { allow_net, allow_read, allow_write } of [gateway, server]) {
      assertEquals([allow_net, allow_read, allow_write], [[], [], []]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
