import { ConfigurationError, requireTlsUnlessLoopback } from "@mbus-gateway/resource";
import type { WrittenConfig } from "./config.ts";
import { isRadio } from "./config_schema.ts";
import { radioContradictions } from "./radio/radio_config.ts";

/** Something that no single key shows: where it stands and what was expected there. */
export interface Contradiction {
  path: (string | number)[];
  expected: string;
}

/** What is right key by key and still cannot work together. */
export function* contradictions(config: WrittenConfig): Generator<Contradiction> {
  yield* plainConnections(config);
  yield* missingCertificates(config);
  yield* doubles(config);
  yield* schedules(config);
  yield* radios(config);
}

/** Whatever crosses a network is encrypted, and there is no switch for it. */
function* plainConnections({ mqtt, platform }: WrittenConfig): Generator<Contradiction> {
  if (isInTheClear(mqtt.url)) {
    yield { path: ["mqtt", "url"], expected: "mqtts://…: unencrypted mqtt:// is for this computer (127.0.0.1) only" };
  }
  if (isInTheClear(platform.url)) {
    yield {
      path: ["platform", "url"],
      expected: "https://…: unencrypted http:// is for this computer (127.0.0.1) only",
    };
  }
}

/** The sessions refuse such an address themselves; here it gets its key and line. */
function isInTheClear(url: string): boolean {
  try {
    requireTlsUnlessLoopback(url);
    return false;
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return true;
    throw thrown;
  }
}

function* missingCertificates({ mqtt }: WrittenConfig): Generator<Contradiction> {
  if (mqtt.url.startsWith("mqtts:")) {
    for (const key of ["ca", "cert", "key"] as const) {
      if (mqtt[key] === undefined) {
        yield { path: ["mqtt", key], expected: "the path of a PEM file, as mqtts:// needs it" };
      }
    }
  }
  if (mqtt.passwordFile !== undefined && mqtt.username === undefined) {
    yield { path: ["mqtt", "username"], expected: "a user name to go with passwordFile" };
  }
}

function* doubles({ buses }: WrittenConfig): Generator<Contradiction> {
  yield* repeated(buses.map(({ name }) => name), (index) => ["buses", index, "name"], "a name of its own for each bus");
  yield* repeated(buses.map(({ port }) => port), (index) => ["buses", index, "port"], "a port of its own for each bus");
  for (const [bus, { meters = [] }] of buses.entries()) {
    const addresses = meters.map((meter) => typeof meter === "string" ? meter : meter.address);
    yield* repeated(addresses, (index) => ["buses", bus, "meters", index], "each meter once on a bus");
  }
}

function* radios({ buses }: WrittenConfig): Generator<Contradiction> {
  for (const [bus, written] of buses.entries()) {
    if (!isRadio(written)) continue;
    for (const { key, expected } of radioContradictions(written)) yield { path: ["buses", bus, key], expected };
  }
}

function* repeated(
  values: readonly string[],
  pathOf: (index: number) => (string | number)[],
  expected: string,
): Generator<Contradiction> {
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) yield { path: pathOf(index), expected };
    seen.add(value);
  }
}

/** Each bus and each meter has one schedule. */
function* schedules({ buses }: WrittenConfig): Generator<Contradiction> {
  const expected = "an interval or a schedule, not both";
  for (const [bus, written] of buses.entries()) {
    if (isRadio(written)) continue;
    const { interval, schedule, meters } = written;
    if (interval !== undefined && schedule !== undefined) yield { path: ["buses", bus, "schedule"], expected };
    for (const [index, meter] of meters.entries()) {
      if (typeof meter === "string" || meter.interval === undefined || meter.schedule === undefined) continue;
      yield { path: ["buses", bus, "meters", index, "schedule"], expected };
    }
  }
}
