/**
 * What to do about a peer's certificate that was not accepted, by what Deno's TLS says of it; null where it says nothing
 * of that kind. The same trouble has the same text at whatever time it is met.
 */
export function certificateAdvice(says: string): string | null {
  const [, from] = /not valid before (\d+)/.exec(says) ?? [];
  if (from !== undefined) {
    return `its certificate is valid from ${moment(from)} on, which this machine's clock has not reached; ` +
      "correct the clock, or wait";
  }
  const [, to] = /not valid after (\d+)/.exec(says) ?? [];
  if (to !== undefined) return `its certificate expired on ${moment(to)}; renew it (or correct this machine's clock)`;
  // Of an authority of the same name as ours.
  if (/BadSignature/.test(says)) return "its certificate is not of the configured authority; set the CA that issued it";
  if (/UnknownIssuer/.test(says)) return "its certificate is of an unknown authority; set the CA that issued it";
  if (/NotValidForName/.test(says)) return "its certificate is for another name; use that name, or issue one for this";
  return null;
}

function moment(unixSeconds: string): string {
  return new Date(Number(unixSeconds) * 1000).toISOString().replace(".000Z", "Z");
}
