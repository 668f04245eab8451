import { ConfigurationError, requireTlsUnlessLoopback } from "@mbus-gateway/resource";
import { isArea } from "./degree_days/area.ts";

/** Environment variables that are set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Thrown by the parser of a value: what would have been right. */
export class Expected extends Error {
  override name = "Expected";
}

/** Collects what is wrong with the variables, so that one start names every mistake. */
export class Problems {
  #variables: Variables;
  #lines: string[] = [];

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  /** The variable parsed, or the fallback where it is not set or wrong; what is wrong is remembered. */
  read<T, D extends T | null>(name: string, fallback: D, parse: (text: string) => T): T | D {
    const text = this.#variables[name];
    if (text === undefined || text === "") return fallback;
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof Expected) this.add(name, error.message);
      else if (error instanceof ConfigurationError) this.addSentence(`${name}: ${error.message}`);
      else throw error;
      return fallback;
    }
  }

  /** `NAME is "value", expected …`. */
  add(name: string, expected: string): void {
    const value = this.#variables[name];
    this.#lines.push(`${name} is ${value === undefined ? "not set" : shown(value)}, expected ${expected}`);
  }

  addSentence(sentence: string): void {
    this.#lines.push(sentence);
  }

  /** @throws {ConfigurationError} when anything was wrong. */
  throwIfAny(): void {
    const [first, ...others] = this.#lines;
    if (first === undefined) return;
    const list = others.length === 0 ? ` ${first}` : this.#lines.map((line) => `\n  ${line}`).join("");
    throw new ConfigurationError(`Cannot use the environment as configuration:${list}`);
  }
}

/** An `https://` address without user, query or fragment; in the clear for loopback. */
export function webAddress(text: string): string {
  const url = requireTlsUnlessLoopback(text);
  if (/^https?:$/.test(url.protocol) && url.username === "" && url.search === "" && url.hash === "") {
    return url.href.replace(/\/$/, "");
  }
  throw new Expected("https://HOST, with nothing behind its path");
}

/** `municipality:0101,station:06180`: what DMI has heating degree days for. */
export function areaList(text: string): string[] {
  const areas = text.split(",").map((area) => area.trim()).filter((area) => area !== "");
  if (areas.every(isArea)) return [...new Set(areas)];
  throw new Expected("a list such as municipality:0101,station:06180,cell:10km_622_58,country");
}

/** A password must not reach the log, not even one that stands where it should not. */
function shown(value: string): string {
  const text = JSON.stringify(value).replace(/:[^:@\s]*@/g, ":***@");
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
