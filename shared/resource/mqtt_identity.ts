import { X509Certificate } from "node:crypto";
import { brokerAddress } from "./broker_socket.ts";
import type { MqttSessionOptions } from "./mqtt_session.ts";
import { ConfigurationError } from "./program.ts";

/**
 * Refuses what cannot connect, before the network is asked: texts that are no certificate or key, a key that belongs to
 * another certificate, a certificate of ours whose time has passed or has not come, or that names somebody else than the
 * one it replaces.
 *
 * @param now null while nobody knows the time: then a certificate's time is not looked at.
 * @param before the certificate in use. A broker goes by the common name: with another gateway's it would let us in, and
 * then neither take our readings nor tell us anything.
 * @throws {ConfigurationError} that says which.
 */
export function refuseUnusableIdentity(
  options: Pick<MqttSessionOptions, "url" | "ca" | "cert" | "key">,
  now: Date | null,
  before?: string,
): void {
  const { cert } = brokerAddress(options);
  if (cert === undefined) return;
  const { validFrom, validTo, subject } = new X509Certificate(cert);
  const [name, nameBefore] = [commonName(subject), before && commonName(new X509Certificate(before).subject)];
  if (nameBefore !== undefined && name !== nameBefore) {
    throw new ConfigurationError(
      `Cannot use client certificate: it is for ${name}, and the one in use for ${nameBefore}; install the one that was ` +
        "issued for this gateway (or start it again, if it is to have another name)",
    );
  }
  if (now === null) return;
  if (Date.parse(validTo) < now.getTime()) {
    throw new ConfigurationError(
      `Cannot use client certificate: it expired on ${validTo} (${subject}); have it renewed`,
    );
  }
  if (Date.parse(validFrom) > now.getTime()) {
    throw new ConfigurationError(
      `Cannot use client certificate: it is valid from ${validFrom} on (${subject}); wait, or correct this machine's clock`,
    );
  }
}

function commonName(subject: string): string | undefined {
  return /^CN=(.*)$/m.exec(subject)?.[1];
}
