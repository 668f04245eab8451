import { brotliCompressSync, brotliDecompressSync, constants, crc32 } from "node:zlib";
import { PackError, PackReader, PackWriter } from "./pack_bytes.ts";
import { blobs, booleans, type ColumnFormat, integers, nullable, texts } from "./pack_columns.ts";

/**
 * A telegram as a pack keeps it: every column of its row but those that all telegrams of the pack share (tenant, gateway,
 * epoch), `waits_for` (what waits is not packed) and `radio_hash` (the SHA-256 of its bytes, for one that came by radio).
 * Times are microseconds since 1970, as PostgreSQL keeps them.
 */
export interface PackedTelegram {
  seq: number;
  readAt: number;
  position: number;
  telegramId: number;
  kind: string;
  bytes: Uint8Array;
  bus: string;
  address: string;
  clockTrusted: boolean;
  correctedReadAt: number | null;
  receivedAt: number;
  meterId: number | null;
  decoderVersion: number;
  decodeError: string | null;
  radio: boolean;
  rssi: number | null;
  /** The array as JSON. */
  flags: string | null;
}

/** In the order in which they stand in a body of version 1. A change is another version beside this one. */
const COLUMNS: { [K in keyof PackedTelegram]: ColumnFormat<PackedTelegram[K]> } = {
  seq: integers,
  readAt: integers,
  position: integers,
  telegramId: integers,
  kind: texts,
  bytes: blobs,
  bus: texts,
  address: texts,
  clockTrusted: booleans,
  correctedReadAt: nullable(integers),
  receivedAt: integers,
  meterId: nullable(integers),
  decoderVersion: integers,
  decodeError: nullable(texts),
  radio: booleans,
  rssi: nullable(integers),
  flags: nullable(texts),
};

const VERSION = 1;
/** The version, and the CRC-32 of what stands behind it, its highest byte first. */
const HEAD_BYTES = 5;

/** Compresses best where the same meters' telegrams repeat themselves; beyond it, time grows and size does not shrink. */
const QUALITY = 5;

/** A pack's body with these telegrams: version and checksum, and the columns one behind the other in Brotli. */
export function encodePack(telegrams: PackedTelegram[]): Uint8Array {
  const out = new PackWriter();
  out.natural(telegrams.length);
  for (const name of names()) writeColumn(out, name, telegrams);
  const compressed = brotliCompressSync(out.bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: out.bytes.length },
  });
  const body = new Uint8Array(HEAD_BYTES + compressed.length);
  body[0] = VERSION;
  new DataView(body.buffer).setUint32(1, crc32(compressed));
  body.set(compressed, HEAD_BYTES);
  return body;
}

/**
 * The telegrams of a body, in its order.
 *
 * @throws {PackError} when it is none of ours.
 */
export function decodePack(body: Uint8Array): PackedTelegram[] {
  if (body[0] !== VERSION) throw new PackError(`Cannot read pack: its version is ${body[0]}, this program knows 1`);
  const compressed = body.subarray(HEAD_BYTES);
  if (body.length < HEAD_BYTES || crc32(compressed) !== new DataView(body.buffer, body.byteOffset).getUint32(1)) {
    throw new PackError("Cannot read pack: its bytes are not those that were written; restore it from a backup");
  }
  const { buffer, byteOffset, length } = brotliDecompressSync(compressed);
  const input = new PackReader(new Uint8Array(buffer, byteOffset, length));
  const telegrams = Array.from({ length: input.natural() }, () => ({} as PackedTelegram));
  for (const name of names()) readColumn(input, name, telegrams);
  if (!input.atEnd) throw new PackError("Cannot read pack: it goes on behind its last telegram");
  return telegrams;
}

function writeColumn<K extends keyof PackedTelegram>(out: PackWriter, name: K, telegrams: PackedTelegram[]) {
  COLUMNS[name].write(out, telegrams.map((telegram) => telegram[name]));
}

function readColumn<K extends keyof PackedTelegram>(input: PackReader, name: K, telegrams: PackedTelegram[]) {
  const values = COLUMNS[name].read(input, telegrams.length);
  telegrams.forEach((telegram, index) => telegram[name] = values[index] as PackedTelegram[K]);
}

function names(): (keyof PackedTelegram)[] {
  return Object.keys(COLUMNS) as (keyof PackedTelegram)[];
}
