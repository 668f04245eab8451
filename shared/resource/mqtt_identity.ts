import { X509Certificate } from "node:crypto";
import { brokerAddress } from "./broker_socket.ts";
import type { MqttSessionOptions } from "./mqtt_session.ts";
import { ConfigurationError } from "./program.ts";

/**
 * Refuses what cannot connect, before the network is asked: texts that are no certificate or key, a key that belongs to
 * another certificate, a certificate of ours whose time has passed or has not come.
 *
 * @param now null while nobody knows the time: then a certificate's time is not looked at.
 * @throws {ConfigurationError} that says which.
 */
export function refuseUnusableIdentity(
  options: Pick<MqttSessionOptions, "url" | "ca" | "cert" | "key">,
  now: Date | null,
): void {
  const { cert } = brokerAddress(options);
  if (cert === undefined || now === null) return;
  const { validFrom, validTo, subject } = new X509Certificate(cert);
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
