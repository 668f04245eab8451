import { type CutBlock, readShape } from "./read_shape.ts";
import type { RecordShape } from "./record_shape.ts";

/** What follows a byte of a record's blocks: the shape where they end, else the next byte's choices. */
interface ShapeNode {
  shape: RecordShape | null;
  next: (ShapeNode | undefined)[];
}

/** Blocks that a hostile sender could invent are endless: so many bytes of them are remembered at most … */
const MOST_NODES = 2048;
/** … and none that are longer than those of real meters. */
const LONGEST_REMEMBERED = 40;

const NO_CHOICES: (ShapeNode | undefined)[] = [];

/** Blocks of one byte each, as most are: by the seven bits of the DIF and of the VIF. */
const SHORT_BLOCKS = new Array<RecordShape | undefined>(128 * 128).fill(undefined);

let root: (ShapeNode | undefined)[] = choices();
let nodes = 0;

/**
 * The shape of the record that begins at `start`: as {@linkcode readShape}, but what has been read once is found again
 * by one look-up for each byte.
 */
export function shapeAt(bytes: Uint8Array, start: number, end: number): RecordShape | CutBlock {
  if (start + 1 < end) {
    const dif = bytes[start] as number;
    const vif = bytes[start + 1] as number;
    const known = (dif | vif) < 0x80 ? SHORT_BLOCKS[dif << 7 | vif] : undefined;
    if (known !== undefined) return known;
  }
  let next = root;
  for (let at = start; at < end;) {
    const node = next[bytes[at++] as number];
    if (node === undefined) break;
    if (node.shape !== null) return node.shape;
    next = node.next;
  }
  const shape = readShape(bytes, start, end, false);
  if (typeof shape !== "string" && shape.length <= LONGEST_REMEMBERED) remember(bytes, start, shape);
  return shape;
}

function remember(bytes: Uint8Array, start: number, shape: RecordShape): void {
  if (shape.length === 2) {
    SHORT_BLOCKS[(bytes[start] as number) << 7 | (bytes[start + 1] as number)] = shape;
    return;
  }
  if (nodes + shape.length > MOST_NODES) {
    // Starting anew costs less than keeping account of what is used, and real meters have far fewer.
    root = choices();
    nodes = 0;
  }
  let next = root;
  const last = start + shape.length - 1;
  for (let at = start; at < last; at++) {
    const byte = bytes[at] as number;
    let node = next[byte];
    if (node === undefined) {
      node = next[byte] = { shape: null, next: choices() };
      nodes++;
    }
    next = node.next;
  }
  next[bytes[last] as number] = { shape, next: NO_CHOICES };
  nodes++;
}

function choices(): (ShapeNode | undefined)[] {
  return new Array<ShapeNode | undefined>(256).fill(undefined);
}
