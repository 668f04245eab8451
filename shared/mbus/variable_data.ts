import type { DataRecord } from "./data_record.ts";
import type { MeterHabits } from "./profiles/profile.ts";
import { RecordReader } from "./record_reader.ts";

/** What stands in variable data. */
export interface VariableData {
  /** In wire order. */
  records: DataRecord[];
  /** Where the bytes behind 0F or 1F begin; -1 without such a block. */
  manufacturerData: number;
  /** 1F: another telegram of the same readout follows. */
  moreRecordsFollow: boolean;
  /** Why the bytes end within a record: that record is the last one. Finishes "Cannot …". */
  truncated: string | null;
  /** Why the last record is the undecoded rest of the bytes, although they do not end within it. */
  undecoded: string | null;
}

/**
 * Reads data records from `start` until `end` (EN 13757-3, clause 6). It never throws: a record that cannot be
 * understood is there with its bytes and why, and the next is read all the same; where the length of a record is not
 * known, the rest of the bytes is one record.
 *
 * @param habits what this meter's records mean otherwise than the standard says.
 * @param mostSignificantFirst CI 76: the most significant byte of a data field comes first.
 */
export function readVariableData(
  bytes: Uint8Array,
  start: number,
  end: number,
  habits?: MeterHabits,
  mostSignificantFirst = false,
): VariableData {
  const reader = new RecordReader(bytes, end, mostSignificantFirst, habits);
  const data = walk(reader, start);
  if (!reader.ambiguous || data.truncated === null && data.undecoded === null) return data;
  // VIF FC: some read the standard so that the text stands behind the VIFEs. If the walk broke, they may be right.
  const other = new RecordReader(bytes, end, mostSignificantFirst, habits);
  other.plainTextLast = true;
  const otherData = walk(other, start);
  return otherData.truncated === null && otherData.undecoded === null ? otherData : data;
}

function walk(reader: RecordReader, start: number): VariableData {
  const records: DataRecord[] = [];
  const data: VariableData = {
    records,
    manufacturerData: -1,
    moreRecordsFollow: false,
    truncated: null,
    undecoded: null,
  };
  reader.at = start;
  while (reader.at < reader.end) {
    const dif = reader.bytes[reader.at] as number;
    if ((dif & 0x0f) !== 0x0f) {
      records.push(reader.read());
      data.truncated = reader.truncated;
      data.undecoded = reader.undecoded;
    } else if (dif === 0x2f) {
      reader.at++;
    } else if (dif === 0x0f || dif === 0x1f) {
      data.manufacturerData = reader.at + 1;
      data.moreRecordsFollow = dif === 0x1f;
      return data;
    } else {
      const problem = dif === 0x7f
        ? "Cannot read record: DIF 7F asks for a global readout, it carries no value"
        : `Cannot read record: the standard reserves DIF ${dif.toString(16).toUpperCase()}`;
      data.undecoded = problem;
      records.push(reader.rest(problem));
    }
  }
  return data;
}
