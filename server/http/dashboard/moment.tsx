/** How much of a time is shown: what the script in the browser turns into the reader's own zone and language. */
export type TimeStyle = "seconds" | "minutes" | "day" | "full";

/** A time in UTC, until the script in the browser shows it in the reader's zone. */
export function Moment({ at, style = "full" }: { at: Date; style?: TimeStyle }) {
  return <time datetime={at.toISOString()} data-time={at.toISOString()} data-style={style}>{utcText(at, style)}</time>;
}

/** The same without the script, in UTC; a full one says so. */
export function utcText(at: Date, style: TimeStyle): string {
  const iso = at.toISOString();
  switch (style) {
    case "seconds":
      return iso.slice(11, 19);
    case "minutes":
      return iso.slice(11, 16);
    case "day":
      return iso.slice(5, 10);
    case "full":
      return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  }
}

const STEPS = [[1, "s"], [60, "min"], [3600, "h"], [86_400, "d"]] as const;

/** "8 s ago", "3 min ago"; a clock that is ahead counts as now. */
export function ago(at: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000));
  const [size, unit] = STEPS.findLast(([size]) => seconds >= 2 * size) ?? STEPS[0];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}
