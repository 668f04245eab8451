/**
 * Packages both programs as binaries with their permissions: `deno task compile [--target TRIPLE] [--output DIR]`.
 *
 * A binary cannot know its operator's broker, paths and certificates, so `net`, `read` and `write` are baked unscoped;
 * the systemd units narrow them. What is always so is baked exactly: the environment variables, libc alone for ffi, the
 * tunnel script alone for run, and neither on the server. No binary ever prompts.
 *
 * @module
 */
import { describeError, EXIT, UsageError } from "@mbus-gateway/resource";
import { V8_FLAGS } from "../gateway/flags.ts";

/** Where an installation keeps the script that holds the tunnel to its 30 minutes. */
const TUNNEL_SCRIPT = "/usr/lib/mbus-gateway/cloudflared";

const LIBC: Record<string, string> = {
  "x86_64-unknown-linux-gnu": "/lib/x86_64-linux-gnu/libc.so.6",
  "aarch64-unknown-linux-gnu": "/lib/aarch64-linux-gnu/libc.so.6",
};

/** The permission words of a binary for one target. */
async function permissionsOf(side: "gateway" | "server", target: string): Promise<string[]> {
  const libc = LIBC[target];
  if (libc === undefined) {
    throw new UsageError(`Cannot compile for ${target}: known targets are ${Object.keys(LIBC).join(", ")}`);
  }
  const common = [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    `--allow-env=${(await permissionSet(side)).env.allow.join(",")}`,
    "--ignore-env",
  ];
  return side === "gateway"
    ? [V8_FLAGS, ...common, "--allow-sys=statfs", `--allow-ffi=${libc}`, `--allow-run=${TUNNEL_SCRIPT}`]
    : common;
}

interface PermissionSet {
  env: { allow: string[] };
}

/** A set of deno.json, which is JSON but for lines of comment. */
async function permissionSet(name: string): Promise<PermissionSet> {
  const text = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
  const { permissions } = JSON.parse(text.replace(/^\s*\/\/.*$/gm, "")) as {
    permissions: Record<string, PermissionSet>;
  };
  const set = permissions[name];
  if (set === undefined) throw new Error(`Cannot compile: deno.json has no permission set "${name}"`);
  return set;
}

async function compile(side: "gateway" | "server", target: string, folder: string): Promise<string> {
  const output = `${folder}/mbus-${side}-${target}`;
  // A downloaded runtime needs no --target of its own machine, and DENORT_BIN may stand in for it.
  const cross = target === Deno.build.target ? [] : ["--target", target];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "-q", ...cross, ...await permissionsOf(side, target), "--output", output, `${side}/main.ts`],
    cwd: import.meta.dirname + "/..",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot compile ${side}/main.ts for ${target}: see above`);
  return output;
}

function option(args: string[], name: string, fallback: string): string {
  const at = args.indexOf(name);
  if (at < 0) return fallback;
  const value = args[at + 1];
  if (value === undefined) throw new UsageError(`Cannot compile: ${name} needs a value`);
  return value;
}

if (import.meta.main) {
  try {
    const target = option(Deno.args, "--target", Deno.build.target);
    const folder = option(Deno.args, "--output", "dist");
    for (const side of ["gateway", "server"] as const) console.log(await compile(side, target, folder));
  } catch (thrown) {
    console.error(describeError(thrown));
    Deno.exit(thrown instanceof UsageError ? EXIT.usage : EXIT.failure);
  }
}
