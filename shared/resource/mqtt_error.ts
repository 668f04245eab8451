/** An MQTT connection that could not be made or did not last; the text says why and what to do. */
export class MqttError extends Error {
  override name = "MqttError";
  constructor(
    message: string,
    options: ErrorOptions & {
      /** The broker's reason: of MQTT 5 (128 and up) or a 3.1.1 return code; null when the broker did not speak. */
      reasonCode?: number | null;
    } = {},
  ) {
    super(message, options);
    this.reasonCode = options.reasonCode ?? null;
  }
  readonly reasonCode: number | null;
}

/** The broker speaks no MQTT 5: CONNACK 1 (3.1.1, section 3.2.2.3) or 132 (5.0, section 3.2.2.2). */
export function isVersionRefused(error: unknown): boolean {
  return error instanceof MqttError && (error.reasonCode === 1 || error.reasonCode === 132);
}

/** What to do when the TCP or TLS connection failed, by the error's code. */
const CONNECTION: Record<string, string> = {
  ECONNREFUSED: "nobody listens there; start the broker or correct the address",
  ENOTFOUND: "there is no such host; correct the name or the name service",
  EAI_AGAIN: "the name service does not answer; check the network",
  EHOSTUNREACH: "there is no route to it; check the network",
  ENETUNREACH: "there is no route to it; check the network",
  ETIMEDOUT: "it does not answer; check the network and the firewall",
  ECONNRESET: "it broke the connection off; is this the TLS port of an MQTT broker?",
  // Where no more is known of it: brokerSocket() asks.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is not of the configured authority, or not valid today; set the CA that issued it, or renew it",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of an unknown authority; set the CA that issued it",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is of an unknown authority; set the CA that issued it",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an unknown authority; set the CA that issued it",
  CERT_HAS_EXPIRED: "its certificate has expired; renew it (or correct this machine's clock)",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; correct this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; use that name, or issue one for this",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it wants a client certificate; set cert and key",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not know the authority of our client certificate; have it issued anew",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "our client certificate has expired; have it renewed",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: "our client certificate has been revoked; have it issued anew",
};

/** The sentence for a failed connection to `where`. */
export function connectionError(where: string, cause: Error): Error {
  // A denied permission is for the supervisor, who has an exit code for it.
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const advice = CONNECTION[(cause as { code?: string }).code ?? ""];
  return new MqttError(`Cannot connect to broker: ${where}: ${advice ?? cause.message}`, { cause });
}

/** The sentence for a CONNACK that refuses; codes of MQTT 5 (section 3.2.2.2) and 3.1.1 (section 3.2.2.3). */
export function refusalError(where: string, reasonCode: number, version: 4 | 5): MqttError {
  const reasons: Record<number, string> = {
    1: "it does not speak this version of MQTT",
    132: "it does not speak this version of MQTT",
    2: "it does not accept the client id; choose another",
    133: "it does not accept the client id; choose another",
    3: "its MQTT service is not available; try again later",
    136: "its MQTT service is not available; try again later",
    137: "it is busy; try again later",
    4: "bad user name or password; correct them here or at the broker",
    134: "bad user name or password; correct them here or at the broker",
    5: "it does not let this client in; check name, password or certificate, and the broker's access rules",
    135: "it does not let this client in; check name, password or certificate, and the broker's access rules",
    138: "it has banned this client; ask who runs it",
    149: "the last will is too large for it",
    159: "too many connections in a short time; try again later",
  };
  const reason = reasons[reasonCode] ?? `it refused with reason code ${reasonCode}`;
  return new MqttError(`Cannot log in to broker: ${where} (MQTT ${version === 5 ? "5" : "3.1.1"}): ${reason}`, {
    reasonCode,
  });
}
