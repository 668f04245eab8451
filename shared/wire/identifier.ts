import * as v from "valibot";

/** The common name of the server's certificate, to which the broker grants every gateway's topics. */
export const SERVER_NAME = "mbus-server";

/**
 * A gateway's id: 1 to 64 letters, digits, `-` or `_`, beginning with a letter or digit. It is one level of an MQTT
 * topic and a certificate's common name, so `/`, `+`, `#` and white space cannot be part of it.
 */
export const GatewayId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, "expected a gateway id such as GW-0001"),
  v.check((id) => id !== SERVER_NAME, `${SERVER_NAME} is the server's own name at the broker`),
);

/** The random id of one spool file; (gateway, epoch, sequence) names a readout for ever. */
export const Epoch = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, "expected a UUID in lower case"),
);

/** A spool row's id: a positive integer that a JSON number carries exactly. */
export const Sequence = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** An instant in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const Instant = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, "expected UTC such as 2026-01-31T11:59:58.123Z"),
  v.check((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text, "no such date"),
);
