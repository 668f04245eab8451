/** A field of one of these names holds a secret, whatever it looks like. */
const SECRET_NAME = /(?:password|passwd|token|secret|credential|authorization|cookie|key)s?$/i;

/** What a secret looks like inside a text, and what is left of it. */
const SECRETS: readonly [pattern: RegExp, left: string][] = [
  // PEM: private keys alone; certificates are public.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  // A URL's user and password.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1***@"],
  // A URL's query and a form: token=…, key: …
  [/((?:password|passwd|secret|api[-_]?key|authorization)["']?\s*[=:]\s*["']?)(?!\*\*\*)[^\s"'&,;]+/gi, "$1***"],
  // Sentences speak of tokens: what follows a colon is one when it has a digit or stands in quotes.
  [/(token["']?\s*(?:=\s*["']?|:\s*["']))(?!\*\*\*)[^\s"'&,;]+/gi, "$1***"],
  [/(token["']?\s*:\s*)(?!\*\*\*)(?=[^\s"'&,;]*\d)[^\s"'&,;]+/gi, "$1***"],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, "$1 ***"],
  // Tokens that this project issues, and JSON web tokens, such as a tunnel's.
  [/\bmbg_[A-Za-z0-9_-]+/g, "mbg_***"],
  [/\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]+)*={0,2}/g, "eyJ***"],
  // A key of AES-128 in hexadecimal, as meters' keys are written.
  [/(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])/g, "***"],
];

/** A text without what looks like a secret in it. */
export function withoutSecretsIn(text: string): string {
  return SECRETS.reduce((rest, [pattern, left]) => rest.replace(pattern, left), text);
}

/** The fields of a log line without secrets: those that a name gives away, and those that look like one. */
export function fieldsWithoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, withoutSecret(name, value)]));
}

function withoutSecret(name: string, value: unknown): unknown {
  // A number or an answer says nothing secret: keys=3.
  if (typeof value === "string") return SECRET_NAME.test(name) ? "***" : withoutSecretsIn(value);
  if (Array.isArray(value)) return value.map((item) => withoutSecret(name, item));
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return fieldsWithoutSecrets(value as Record<string, unknown>);
}
