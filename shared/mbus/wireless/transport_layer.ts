import { ciField } from "../ci_field.ts";
import { toHex } from "../hex.ts";
import type { FragmentationLayer } from "./fragmentation_layer.ts";
import { longHeaderAddress, meterName } from "./meter_address.ts";
import type { Passage } from "./passage.ts";
import { decryptPayload } from "./security.ts";

/** What stands behind a transport layer's header. */
export type TransportContent = "records" | "compact" | "format" | "error" | "alarm" | "manufacturer";

type Header = "none" | "short" | "long";

/** CI fields of what meters send by radio (EN 13757-7, table "CI-field codes"): code, header, content. */
const TRANSPORT_ROWS: readonly (readonly [ci: number, header: Header, content: TransportContent])[] = [
  [0x69, "none", "format"],
  [0x6a, "short", "format"],
  [0x6b, "long", "format"],
  [0x6e, "short", "error"],
  [0x6f, "long", "error"],
  [0x70, "none", "error"],
  [0x71, "none", "alarm"],
  [0x72, "long", "records"],
  [0x73, "long", "compact"],
  [0x74, "short", "alarm"],
  [0x75, "long", "alarm"],
  [0x78, "none", "records"],
  [0x79, "none", "compact"],
  [0x7a, "short", "records"],
  [0x7b, "short", "compact"],
];

const MANUFACTURER_FIRST = 0xa0;
const MANUFACTURER_LAST = 0xb7;
/** Security mode 7 adds a byte to the configuration word. */
const MODE_WITH_DERIVATION = 7;

const LAYERS = new Map<number, readonly [Header, TransportContent]>(
  TRANSPORT_ROWS.map(([ci, header, content]) => [ci, [header, content]]),
);
for (let ci = MANUFACTURER_FIRST; ci <= MANUFACTURER_LAST; ci++) LAYERS.set(ci, ["none", "manufacturer"]);

/**
 * Reads the transport layer whose CI field has just been taken, and decrypts what it holds; then the passage stands at
 * the first byte of the content.
 */
export function readTransportLayer(
  passage: Passage,
  ci: number,
  fragmentation: FragmentationLayer | null,
): TransportContent {
  const layer = LAYERS.get(ci);
  const ciAt = passage.at - 1;
  if (layer === undefined) {
    const what = `CI ${toHex(Uint8Array.of(ci))} of ${meterName(passage.meter)} is ${ciField(ci).name}`;
    passage.fail("unsupported", `${what}, which is not decoded here`, ciAt);
  }
  const [header, content] = layer;
  if (header === "none") return content;
  if (header === "long") passage.address = longHeaderAddress(passage.take(8, "the long header"));
  const start = passage.take(4, `the ${header} header`);
  passage.accessNumber = start;
  passage.status = start + 1;
  const configuration = passage.uint16(start + 2);
  const mode = configuration >> 8 & 0x1f;
  const derivation = mode === MODE_WITH_DERIVATION
    ? passage.bytes[passage.take(1, "the configuration of mode 7")] as number
    : 0;
  const blocks = configuration >> 4 & 0x0f;
  decryptPayload(passage, { mode, blocks, derivation, accessNumber: start, ci: ciAt }, fragmentation);
  return content;
}
