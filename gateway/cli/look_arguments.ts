import { nearest, UsageError } from "@mbus-gateway/resource";

/** What the verbs that look at a gateway can be told. */
export interface LookArguments {
  words: string[];
  config: string;
  json: boolean;
  help: boolean;
  /** `--format`; null when it is not given. */
  format: string | null;
}

const FLAGS = ["--config", "--json", "--format", "--help"];

/**
 * Reads the command line of `list`, `spool` and `doctor`.
 *
 * @throws {UsageError} for an option that does not exist or lacks its value.
 */
export function parseLookArguments(verb: string, args: readonly string[]): LookArguments {
  const found: LookArguments = { words: [], config: "", json: false, help: false, format: null };
  for (let index = 0; index < args.length; index++) {
    const [name = "", inline] = (args[index] ?? "").split(/=(.*)/s);
    const value = () => {
      const given = inline ?? args[++index];
      if (given === undefined || given === "") throw new UsageError(`Cannot ${verb}: ${name} needs a value`);
      return given;
    };
    if (!name.startsWith("-")) found.words.push(args[index] ?? "");
    else if (name === "--json") found.json = true;
    else if (name === "--help" || name === "-h") found.help = true;
    else if (name === "--config") found.config = value();
    else if (name === "--format") found.format = value();
    else {
      const near = nearest(name, FLAGS);
      throw new UsageError(
        `Cannot ${verb}: there is no option ${name}; ${near ? `did you mean ${near}?` : "--help lists them"}`,
      );
    }
  }
  found.config ||= Deno.env.get("MBUS_GW_CONFIG") || "/etc/mbus-gateway/config.yaml";
  return found;
}
