/**
 * The one entry: parses the verb and hands over. `gateway/` and `server/` are imported only when asked for, so that
 * neither needs the other's rights, and nothing is loaded that the verb does not use.
 *
 * @module
 */
import { describeError } from "@mbus-gateway/resource/describe_error";
import { createLog } from "@mbus-gateway/resource/log";
import { nearest } from "@mbus-gateway/resource/nearest";
import { exitCodeOf, UsageError } from "@mbus-gateway/resource/program";
import { VERSION } from "@mbus-gateway/wire/version";

interface Verb {
  usage: string;
  summary: string;
  run(args: string[]): Promise<number>;
}

const sides: Record<string, (args: string[]) => Promise<number>> = {
  gateway: async (args) => await (await import("./gateway/main.ts")).gatewayMain(args),
  server: async (args) => await (await import("./server/main.ts")).serverMain(args),
};

const verbs: Record<string, Verb> = {
  gateway: {
    usage: "gateway [run | tunnel] [--config FILE]",
    summary: "Run the gateway: read the meters, spool, publish; or hold a support tunnel open. Configured by a file " +
      "(MBUS_GW_CONFIG).",
    run: side("gateway"),
  },
  serve: {
    usage: "serve [--role all | ingest | api]",
    summary: "Run the server: ingest, API, page. Configured by the environment; with none, embedded in ./data.",
    run: (args) => side("server")(["serve", ...args]),
  },
  quarantine: {
    usage: "quarantine list | show ID | retry ID…",
    summary: "Show what could not be taken in, and put it back after a fix.",
    run: (args) => side("server")(["quarantine", ...args]),
  },
  redecode: {
    usage: "redecode --since DATE [--meter METER]",
    summary: "Decode stored telegrams again; only what comes out otherwise is written, as revisions.",
    run: (args) => side("server")(["redecode", ...args]),
  },
  "meter-keys": {
    usage: "meter-keys list | import FILE | rotate",
    summary: "Keep the keys of encrypted meters, sealed.",
    run: (args) => side("server")(["meter-keys", ...args]),
  },
  demo: {
    usage: "demo [--http-port N] [--mqtt-port N] [--mbus-port N] [--data DIR]",
    summary: "Show the whole product without hardware: simulated meters, gateway, broker, server, page.",
    run: async (args) => await (await import("./tests/demo/mod.ts")).demo(args),
  },
  scan: {
    usage: "scan [--secondary] [--all-bauds] [--port PORT]",
    summary: "Look for meters on a wire; asks the gateway that runs here, or opens the port itself.",
    run: (args) => side("gateway")(["scan", ...args]),
  },
  read: {
    usage: "read ADDRESS [--port PORT]",
    summary: "Read one meter.",
    run: (args) => side("gateway")(["read", ...args]),
  },
  "set-address": {
    usage: "set-address ADDRESS NEW",
    summary: "Give a meter another primary address.",
    run: (args) => side("gateway")(["set-address", ...args]),
  },
  "set-baud-rate": {
    usage: "set-baud-rate ADDRESS BAUD",
    summary: "Make a meter speak at another speed.",
    run: (args) => side("gateway")(["set-baud-rate", ...args]),
  },
  "set-clock": {
    usage: "set-clock ADDRESS [TIME]",
    summary: "Set a meter's clock to local time.",
    run: (args) => side("gateway")(["set-clock", ...args]),
  },
  "application-reset": {
    usage: "application-reset ADDRESS [SUBCODE]",
    summary: "Make a meter begin its application anew.",
    run: (args) => side("gateway")(["application-reset", ...args]),
  },
  send: {
    usage: "send ADDRESS CI [HEX]",
    summary: "Send any data to a meter (SND_UD).",
    run: (args) => side("gateway")(["send", ...args]),
  },
  decode: {
    usage: "decode [HEX | FILE | -] [--format text|json|ndjson|annotated]",
    summary: "Decode M-Bus telegrams.",
    run: (args) => side("gateway")(["decode", ...args]),
  },
  listen: {
    usage: "listen [--bus NAME | --receiver KIND --port PORT] [--json]",
    summary: "Show what a wireless receiver hears.",
    run: (args) => side("gateway")(["listen", ...args]),
  },
  simulate: {
    usage: "simulate --ledger FILE [--tcp N] [--pty] [--meters N] [--baud N] …",
    summary: 'Run a simulated M-Bus segment, with a ledger of every answer; "simulate --help" explains.',
    run: async (args) => await (await import("./tests/simulator/main.ts")).simulate(args),
  },
  list: {
    usage: "list [--json]",
    summary: "List the gateway's meters: whether they answer, and when they were read last.",
    run: (args) => side("gateway")(["list", ...args]),
  },
  spool: {
    usage: "spool status | export [--format ndjson]",
    summary: "Look at what the gateway has read and no server has confirmed yet.",
    run: (args) => side("gateway")(["spool", ...args]),
  },
  doctor: {
    usage: "doctor [--json]",
    summary: "Look at everything that the gateway needs; a line for each, with what to do.",
    run: (args) => side("gateway")(["doctor", ...args]),
  },
  "check-config": {
    usage: "check-config gateway|server",
    summary: "Say whether a configuration would work, or which key is wrong and why.",
    run: (args) => onSide("check-config", args),
  },
  flags: {
    usage: "flags gateway|server",
    summary: "Print the --allow-… words that follow from the configuration of one side.",
    run: (args) => onSide("flags", args),
  },
  help: {
    usage: "help",
    summary: "This text.",
    run: () => {
      console.log(help());
      return Promise.resolve(0);
    },
  },
  version: {
    usage: "version",
    summary: "Print the version.",
    run: () => {
      console.log(VERSION);
      return Promise.resolve(0);
    },
  },
};

async function main([word = "help", ...args]: string[]): Promise<number> {
  const name = { "--help": "help", "-h": "help", "--version": "version", "-V": "version" }[word] ?? word;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw unknown("verb", name, Object.keys(verbs));
  return await verb.run(args);
}

function onSide(verb: string, [name, ...args]: string[]): Promise<number> {
  if (name === undefined) throw new UsageError(`Cannot ${verb}: say which side, "${verb} gateway" or "${verb} server"`);
  return side(name)([verb, ...args]);
}

function side(name: string): (args: string[]) => Promise<number> {
  const entry = Object.hasOwn(sides, name) ? sides[name] : undefined;
  if (entry === undefined) throw unknown("side", name, Object.keys(sides));
  return entry;
}

function unknown(what: string, word: string, known: string[]): UsageError {
  const near = nearest(word, known);
  const hint = near === null ? `there are ${known.join(", ")}` : `did you mean "${near}"?`;
  return new UsageError(`Cannot run: there is no ${what} "${word}"; ${hint}`);
}

function help(): string {
  const rows = Object.values(verbs).map(({ usage, summary }) => `  ${usage}\n      ${summary}`);
  return `mbus-gateway ${VERSION}: reads utility meters over M-Bus, keeps every reading, shows it.

Usage: deno run main.ts VERB [OPTIONS]   (the tasks in deno.json pass each verb the permissions that it needs)

${rows.join("\n")}

Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration, 4 device, 13 permission.`;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (thrown) {
    createLog().error(describeError(thrown));
    Deno.exit(exitCodeOf(thrown));
  }
}
