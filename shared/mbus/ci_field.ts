/** How the application data behind a CI field is laid out. */
export type CiLayout = "long" | "short" | "none" | "fixed" | "refused";

/** What a telegram states in place of readings. */
export type CiReport = "application_error" | "alarm";

/**
 * CI fields (EN 13757-7, table "CI-field codes"): first and last code, layout, name. `long`, `short` and `none` are
 * data behind a header of that kind: records, or the report that the last column names; what is `refused` is told by
 * its name.
 */
const CI_ROWS: readonly (readonly [
  first: number,
  last: number,
  layout: CiLayout,
  name: string,
  report?: CiReport,
])[] = [
  [0x00, 0x4f, "refused", "a command or a maker's own protocol"],
  [0x50, 0x50, "refused", "an application reset, which is sent to a meter"],
  [0x51, 0x51, "refused", "data sent to a meter"],
  [0x52, 0x52, "refused", "a selection of meters, which is sent to a meter"],
  [0x53, 0x53, "refused", "an application selection, which is sent to a meter"],
  [0x54, 0x54, "refused", "a request of the selected application, which is sent to a meter"],
  [0x55, 0x56, "refused", "a command, which is sent to a meter"],
  [0x57, 0x5b, "refused", "a command, which is sent to a meter"],
  [0x5c, 0x5c, "refused", "a synchronisation, which is sent to a meter"],
  [0x5d, 0x5f, "refused", "a command, which is sent to a meter"],
  [0x60, 0x65, "refused", "COSEM or OBIS data, which is sent to a meter"],
  [0x66, 0x68, "refused", "the selected application of a meter"],
  [0x69, 0x6b, "refused", "a format frame of compact data"],
  [0x6c, 0x6d, "refused", "a clock synchronisation, which is sent to a meter"],
  [0x6e, 0x6e, "short", "a report of an application error", "application_error"],
  [0x6f, 0x6f, "long", "a report of an application error", "application_error"],
  [0x70, 0x70, "none", "a report of an application error", "application_error"],
  [0x71, 0x71, "none", "a report of alarms", "alarm"],
  [0x72, 0x72, "long", "variable data with a long header"],
  [0x73, 0x73, "fixed", "fixed data"],
  [0x74, 0x74, "short", "a report of alarms", "alarm"],
  [0x75, 0x75, "long", "a report of alarms", "alarm"],
  [0x76, 0x76, "long", "variable data with a long header, most significant byte first"],
  [0x77, 0x77, "refused", "fixed data, most significant byte first"],
  [0x78, 0x78, "none", "variable data without header"],
  [0x79, 0x79, "refused", "a compact frame without header"],
  [0x7a, 0x7a, "short", "variable data with a short header"],
  [0x7b, 0x7b, "refused", "a compact frame with a short header"],
  [0x7c, 0x7f, "refused", "COSEM or OBIS data"],
  [0x80, 0x80, "refused", "a transport layer without application data"],
  [0x81, 0x83, "refused", "a network layer"],
  [0x84, 0x85, "refused", "a request for a compact or a format frame, which is sent to a meter"],
  [0x86, 0x86, "refused", "an extended link layer of variable length, whose fields no text at hand orders"],
  [0x87, 0x87, "refused", "network management"],
  [0x88, 0x89, "refused", "network management"],
  [0x8a, 0x8b, "refused", "a transport layer without application data"],
  [0x8c, 0x8f, "refused", "an extended link layer"],
  [0x90, 0x97, "refused", "an authentication and fragmentation layer"],
  [0x98, 0x9d, "refused", "a reserved layer"],
  [0x9e, 0x9f, "refused", "time slots of a network"],
  [0xa0, 0xb7, "refused", "a maker's own payload"],
  [0xb8, 0xbf, "refused", "a change of the baud rate, which is sent to a meter"],
  [0xc0, 0xc7, "refused", "an image transfer or a security management"],
  [0xc8, 0xff, "refused", "a reserved layer"],
];

/** What a CI field announces. */
export interface CiField {
  /** How its data is laid out. */
  layout: CiLayout;
  /** In words, for a message. */
  name: string;
  /** What the telegram states in place of readings; null where it carries records. */
  report: CiReport | null;
}

const CI_FIELDS = new Array<CiField>(256);
for (const [first, last, layout, name, report = null] of CI_ROWS) {
  for (let code = first; code <= last; code++) {
    if (CI_FIELDS[code] !== undefined) throw new Error(`Cannot expand CI fields: two rows have ${code}`);
    CI_FIELDS[code] = { layout, name, report };
  }
}

/** What the CI field `code` (0 to 255) announces. */
export function ciField(code: number): CiField {
  return CI_FIELDS[code] as CiField;
}
