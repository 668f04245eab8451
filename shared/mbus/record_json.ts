import type { ValueKind } from "./record_layout.ts";
import type { RecordShape } from "./record_shape.ts";

const ENCODER = new TextEncoder();

/** What the JSON texts of all records of a shape have in common, as UTF-8. */
export interface RecordJsonParts {
  /** Until the hex digits of the data. */
  readonly head: Uint8Array;
  /** Between the data and the value. */
  readonly middle: Uint8Array;
  /** Between the value and the offset, by the layout of the data; for records without an error. */
  readonly tails: (Uint8Array | undefined)[];
}

/** The parts of a shape, made once. */
export function jsonPartsOf(shape: RecordShape): RecordJsonParts {
  return shape.json ??= makeParts(shape);
}

function makeParts(shape: RecordShape): RecordJsonParts {
  const { key, dib, vib, storageNumber, tariff, subunit, meaning } = shape;
  const { quantity, unit } = meaning;
  const head = JSON.stringify({ key, dib, vib, data: "" });
  const address = { function: shape.function, storageNumber, tariff, subunit, quantity, unit };
  return {
    head: ENCODER.encode(head.slice(0, -2)),
    middle: ENCODER.encode(`",${JSON.stringify(address).slice(1, -1)},"value":`),
    tails: [],
  };
}

/** What stands between value and offset where there is no error. */
export function jsonTail(kind: ValueKind, modifiers: readonly string[]): Uint8Array {
  const tail = JSON.stringify({ kind, modifiers, error: null, offset: 0 });
  return ENCODER.encode(`,${tail.slice(1, -2)}`);
}
