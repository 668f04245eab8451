import type { IconName } from "./meter_kind.ts";

/** Strokes on a field of 24 by 24. */
const STROKES: Record<IconName, string> = {
  flame: "M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3.5 2-4.5 0 1.5 1 2.5 2 2.5 1.5-2 0-5 1-9z",
  snow: "M12 3v18M4.2 7.5l15.600 9M19.800 7.5l-15.600 9",
  drop: "M12 3c3 4 6 7 6 11a6 6 0 0 1-12 0c0-4 3-7 6-11z",
  warm: "M12 3c3 4 6 7 6 11a6 6 0 0 1-12 0c0-4 3-7 6-11zM9 14c1-1.5 2-1.5 3 0s2 1.5 3 0",
  bolt: "M13 3 6 13h5l-1 8 8-11h-5.5z",
  radiator: "M4 7h16M4 17h16M6 5v14M10 5v14M14 5v14M18 5v14",
  dial: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 12l4-4",
};

/** A kind's sign; the label beside it says the same in words. */
export function KindIcon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={STROKES[name]} />
    </svg>
  );
}
