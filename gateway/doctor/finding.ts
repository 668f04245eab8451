/** What was looked at, how it is, and what to do. */
export interface Finding {
  /** What was looked at: `clock`, `broker`, `bus main`. */
  what: string;
  /** `warns`: it works now and will not for ever; `fails`: the gateway cannot do its work. */
  state: "ok" | "warns" | "fails";
  text: string;
  /** The exit code that belongs to it. */
  code?: number;
}

export const ok = (what: string, text: string): Finding => ({ what, state: "ok", text });
export const warns = (what: string, text: string): Finding => ({ what, state: "warns", text });
export const fails = (what: string, text: string, code = 1): Finding => ({ what, state: "fails", text, code });
