import { decodeCommand } from "../../gateway/decode_command.ts";

/** What a run of the command gave. */
export interface Run {
  code: number;
  out: string;
  err: string;
}

/** Runs the command on texts in the place of standard input and files. */
export async function run(args: string[], input: string[] = [], files: Record<string, string> = {}): Promise<Run> {
  const result = { code: -1, out: "", err: "" };
  result.code = await decodeCommand(args, {
    stdin: ReadableStream.from(input.map((text) => new TextEncoder().encode(text))),
    stdout: (bytes) => void (result.out += new TextDecoder().decode(bytes)),
    stderr: (bytes) => void (result.err += new TextDecoder().decode(bytes)),
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
  });
  return result;
}

/** The objects of NDJSON. */
// deno-lint-ignore no-explicit-any -- a test reads whatever the line has
export const lines = (text: string): any[] => text.trimEnd().split("\n").map((line) => JSON.parse(line));
