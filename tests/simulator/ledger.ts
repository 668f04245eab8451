import { dirname } from "node:path";
import { USUAL_LEDGER } from "./usual_ledger.ts";
import type { DateReading, DialReading, MeterIdentity } from "./meter.ts";

/** A meter made an answer: written before its first byte is sent, so that nothing can be held that is not here. */
export interface AnsweredEntry {
  type: "answer";
  /** In every telegram of this answer, and in no other. */
  counter: number;
  time: string;
  meter: MeterIdentity;
  registers: DialReading[];
  dates: DateReading[];
  /** The link frames as sent, hexadecimal. */
  frames: string[];
}

/** A telegram of an answer went out; `fault` says what happened to it on the way. */
export interface SentEntry {
  type: "sent";
  counter: number;
  telegram: number;
  fault: string | null;
}

export type LedgerEntry = AnsweredEntry | SentEntry;

/** The simulator's own book: one JSON object a line, only ever appended to. */
export interface Ledger extends Disposable {
  append(entry: LedgerEntry): void;
  /** The highest counter that the book knew when it was opened, 0 for a new one. */
  readonly lastCounter: number;
}

/** Opens or continues the book at `path`. A line torn by a kill is closed, and stays unreadable. */
export function openLedger(path: string): Ledger {
  const known = existing(path);
  if (path === USUAL_LEDGER) Deno.mkdirSync(dirname(path), { recursive: true });
  const lastCounter = entriesOf(known).reduce((highest, entry) => Math.max(highest, entry.counter), 0);
  const file = openToAppend(path);
  const write = (text: string) => {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  };
  if (known !== "" && !known.endsWith("\n")) write("\n");
  return {
    lastCounter,
    append: (entry) => write(`${JSON.stringify(entry)}\n`),
    [Symbol.dispose]: () => file.close(),
  };
}

/** One answer as the book has it. */
export interface BookedAnswer extends AnsweredEntry {
  /** Every telegram of it went out unspoiled at least once: who listened has it all. */
  whole: boolean;
}

/** All answers of the book at `path`, by counter. */
export function readLedger(path: string): Map<number, BookedAnswer> {
  const answers = new Map<number, BookedAnswer>();
  const unspoiled = new Map<number, Set<number>>();
  for (const entry of entriesOf(Deno.readTextFileSync(path))) {
    if (entry.type === "answer") {
      if (answers.has(entry.counter)) throw new Error(`Cannot read ledger: counter ${entry.counter} was used twice`);
      answers.set(entry.counter, { ...entry, whole: false });
      unspoiled.set(entry.counter, new Set());
    } else if (entry.fault === null || entry.fault === "repeat") {
      unspoiled.get(entry.counter)?.add(entry.telegram);
    }
  }
  for (const answer of answers.values()) {
    answer.whole = unspoiled.get(answer.counter)?.size === answer.frames.length;
  }
  return answers;
}

function openToAppend(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { create: true, append: true });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`Cannot open ledger: ${path} is in a folder that does not exist`, { cause });
  }
}

function existing(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new Deno.errors.NotCapable(
      `Cannot open ledger: there is no right to ${path}; name a file below the folder that the task runs in`,
    );
  }
}

/** A torn line was never answered for: its answer was not sent, because the line comes first. */
function entriesOf(text: string): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      entries.push(JSON.parse(line) as LedgerEntry);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return entries;
}
