/**
 * `deno task bench [NAME…]`: what the parts cost here and now, each beside a baseline of the same run, because machines
 * differ and are shared.
 *
 * @module
 */
import { describeError, EXIT, nearest, UsageError } from "@mbus-gateway/resource";

type Bench = (args: string[]) => Promise<void>;

const benches: Record<string, () => Promise<Bench>> = {
  bus: async () => (await import("./bus.ts")).benchBus,
  decode: async () => (await import("./decode.ts")).benchDecode,
  spool: async () => (await import("./spool.ts")).benchSpool,
  ingest: async () => (await import("./ingest.ts")).benchIngest,
  consumption: async () => (await import("./consumption.ts")).benchConsumption,
  packs: async () => (await import("./packs.ts")).benchPacks,
  demo: async () => (await import("./demo.ts")).benchDemo,
  radio: async () => (await import("./radio.ts")).benchRadio,
  gateway: async () => (await import("./gateway.ts")).benchGateway,
  size: async () => (await import("./size.ts")).benchSize,
};

async function main(args: string[]) {
  const names = args.filter((word) => !word.startsWith("-"));
  const options = args.filter((word) => word.startsWith("-"));
  for (const name of names.length === 0 ? Object.keys(benches) : names) {
    const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (load === undefined) {
      const hint = nearest(name, Object.keys(benches)) ?? Object.keys(benches).join(", ");
      throw new UsageError(`Cannot bench "${name}": did you mean ${hint}?`);
    }
    console.log(`\n${name}`);
    await (await load())(options);
  }
}

try {
  await main(Deno.args);
} catch (thrown) {
  console.error(describeError(thrown));
  Deno.exit(thrown instanceof UsageError ? EXIT.usage : EXIT.failure);
}
