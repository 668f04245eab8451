import type { Confirmation } from "@mbus-gateway/wire";
import { type Log, silentLog } from "@mbus-gateway/resource";
import { type Database, ingestTransaction } from "../db/mod.ts";
import { mergeConfirmations } from "./confirmation.ts";
import { GatewayMoved } from "./fresh_batch.ts";
import {
  type IncomingMessage,
  type ReadMessage,
  readMessage,
  setAsideFor,
  type UnreadableMessage,
} from "./incoming.ts";
import { type Knowledge, NO_KNOWLEDGE } from "../meter_keys/knowledge.ts";
import { type MayBePacked, PackedBefore } from "../telegram_packs/packed_before.ts";
import { KnownIds } from "./known_ids.ts";
import { KnownTenants } from "./known_tenants.ts";
import { Months } from "./months.ts";
import { isMissingPartition, isPermanent, isUniqueViolation } from "./permanent_error.ts";
import { portionsOf, ROWS_PER_STATEMENT } from "./portions.ts";
import { storeMessages } from "./store_messages.ts";
import { TelegramIds } from "./telegram_ids.ts";
import { NO_TRACE, type Trace } from "./trace.ts";

/** After a batch with something that was stored before, so many are written with a look: resending comes in bursts. */
const CAUTIOUS_BATCHES = 8;

/** What became of one message. */
export interface IngestResult {
  /** What is held now; null where no registered gateway may be told so. */
  confirmation: Confirmation | null;
  /** Readouts stored by this message. */
  stored: number;
  /** Readouts that were stored before. */
  duplicates: number;
  /** Readouts, or the whole message, in quarantine. */
  quarantined: number;
  /** Why nobody can read the message as a whole; null where somebody can. */
  unreadable: { code: string; reason: string } | null;
}

/** Totals of this process; they grow only after a commit. */
export interface IngestCounts {
  messages: number;
  stored: number;
  duplicates: number;
  quarantined: number;
  readings: number;
  /** Batches that were expected to be new and were not: taken back, and written with a look. */
  rewritten: number;
}

export interface Ingest {
  /**
   * Stores what the messages hold, in one transaction, or in several where it is more than one statement should write,
   * and resolves after the commit with a result for each. A readout that the database rejects for what it holds is found
   * by halving and quarantined; it costs the others nothing.
   *
   * @throws when the database cannot be reached or did not commit: the call can be repeated, nothing is stored twice.
   */
  ingest(messages: IncomingMessage[]): Promise<IngestResult[]>;
  readonly counts: Readonly<IngestCounts>;
}

/** Takes in messages from any transport. */
export function createIngest(
  {
    database,
    knowledge = NO_KNOWLEDGE,
    packedBefore = new PackedBefore(),
    trace = NO_TRACE,
    log = silentLog,
    now = () => new Date(),
    rowsPerStatement = ROWS_PER_STATEMENT,
  }: {
    database: Database;
    trace?: Trace;
    /** Keys and compact formats of the tenants' meters. */
    knowledge?: Knowledge;
    packedBefore?: PackedBefore;
    log?: Log;
    now?: () => Date;
    /** A batch of more rows is written in portions. */
    rowsPerStatement?: number;
  },
): Ingest {
  const known = new KnownIds();
  const tenants = new KnownTenants();
  const telegramIds = new TelegramIds();
  const months = new Months();
  let cautious = 0;
  const counts: IngestCounts = { messages: 0, stored: 0, duplicates: 0, quarantined: 0, readings: 0, rewritten: 0 };

  /** Writes without looking while nothing comes twice; what did is taken back as a whole and written with a look. */
  async function store(read: Read[]): Promise<IngestResult[]> {
    const readouts = read.flatMap((one) => "readouts" in one ? one.readouts : []);
    await months.ensure(database, readouts);
    const mayBePacked = await packedBefore.ask(database);
    if (cautious === 0 && !readouts.some(mayBePacked)) {
      try {
        return await storeAtOnce(read, true, mayBePacked);
      } catch (error) {
        if (error instanceof GatewayMoved) {
          tenants.forget();
        } else if (isUniqueViolation(error)) {
          cautious = CAUTIOUS_BATCHES;
          counts.rewritten++;
        } else {
          throw error;
        }
      }
    }
    const results = await storeAtOnce(read, false, mayBePacked);
    cautious = results.some(({ duplicates }) => duplicates > 0) ? CAUTIOUS_BATCHES : Math.max(0, cautious - 1);
    return results;
  }

  async function storeAtOnce(read: Read[], expectNew: boolean, mayBePacked: MayBePacked): Promise<IngestResult[]> {
    const ids = known.begin();
    const { results, readings } = await ingestTransaction(
      database,
      (tx) => {
        const stock = { mayBePacked, ids, tenants, telegramIds, knowledge, expectNew };
        return trace.step("write", () => storeMessages(tx, stock, read));
      },
    );
    ids.commit();
    counts.readings += readings;
    return results;
  }

  async function storeOrHalve(read: Read[]): Promise<IngestResult[]> {
    try {
      return await store(read);
    } catch (error) {
      if (isMissingPartition(error)) {
        months.forget();
        return await store(read);
      }
      if (!isPermanent(error)) throw error;
      const [only] = read;
      if (only === undefined) throw error;
      if (read.length > 1) {
        const half = read.length >> 1;
        return [...await storeOrHalve(read.slice(0, half)), ...await storeOrHalve(read.slice(half))];
      }
      if (!("readouts" in only) || only.readouts.length === 0) throw error;
      if (only.readouts.length > 1) return [mergeResults(await storeOrHalve(halves(only)))];
      log.error("Cannot store readout: it is quarantined", { gateway: only.message.gateway, error });
      const reason = `Cannot store readout: ${(error as Error).message}`;
      const culprits = only.readouts.map((readout) => setAsideFor(only, readout, "database", reason));
      return await store([{ ...only, readouts: [], setAside: [...only.setAside, ...culprits] }]);
    }
  }

  async function storePortions(read: Read[]): Promise<IngestResult[]> {
    const results = read.map((): IngestResult[] => []);
    for (const portion of portionsOf(read, rowsPerStatement)) {
      const stored = await storeOrHalve(portion.map(({ read }) => read));
      for (const [at, { index }] of portion.entries()) results[index]?.push(stored[at] as IngestResult);
    }
    return results.map(mergeResults);
  }

  return {
    counts,
    async ingest(messages) {
      if (messages.length === 0) return [];
      const results = await storePortions(messages.map((message) => readMessage(message, now())));
      counts.messages += messages.length;
      for (const { stored, duplicates, quarantined } of results) {
        counts.stored += stored;
        counts.duplicates += duplicates;
        counts.quarantined += quarantined;
      }
      return results;
    },
  };
}

type Read = ReadMessage | UnreadableMessage;

function halves(read: ReadMessage): Read[] {
  const half = read.readouts.length >> 1;
  return [
    { ...read, readouts: read.readouts.slice(0, half) },
    { ...read, readouts: read.readouts.slice(half), setAside: [], refused: [] },
  ];
}

/** One result of the parts of a message. */
function mergeResults(results: IngestResult[]): IngestResult {
  const [only] = results;
  if (results.length === 1 && only !== undefined) return only;
  const sum = (name: "stored" | "duplicates" | "quarantined") => results.reduce((total, one) => total + one[name], 0);
  const [confirmation = null] = mergeConfirmations(results.flatMap((one) => one.confirmation ?? []));
  return {
    confirmation,
    stored: sum("stored"),
    duplicates: sum("duplicates"),
    quarantined: sum("quarantined"),
    unreadable: null,
  };
}
