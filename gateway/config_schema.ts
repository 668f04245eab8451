import { Cron } from "croner";
import * as v from "valibot";
import { LOG_LEVELS } from "@mbus-gateway/resource";
import { GatewayId } from "@mbus-gateway/wire";
import { RadioEntries } from "./radio/radio_config.ts";

// Each message says what was expected; config_report.ts puts the key, the value and the line before it.

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time such as `15m`, in milliseconds. */
function duration(least: string, most: string) {
  const expected = `a length of time from ${least} to ${most}, such as 30s, 15m or 1h`;
  return v.pipe(
    v.string(expected),
    v.regex(/^\d{1,9}(?:ms|s|m|h|d)$/, expected),
    v.transform(milliseconds),
    v.minValue(milliseconds(least), expected),
    v.maxValue(milliseconds(most), expected),
  );
}

function milliseconds(text: string): number {
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

function wholeNumber(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(least, expected), v.maxValue(most, expected));
}

function text(expected: string, pattern = /\S/) {
  return v.pipe(v.string(expected), v.regex(pattern, expected));
}

function address(expected: string, schemes: readonly string[]) {
  const isAddress = (text: string) => {
    const url = URL.parse(text);
    return url !== null && schemes.includes(url.protocol) && url.hostname !== "";
  };
  const bare = `${expected}, without user, password, query or fragment`;
  return v.pipe(v.string(expected), v.check(isAddress, expected), v.check(isBare, bare));
}

/** Credentials in a URL would end up in logs and process lists. */
function isBare(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return username + password + search + hash === "";
}

const file = text("the path of a file");

const METER = /^(?:p(?:\d|[1-9]\d|1\d\d|2[0-4]\d|250)|[0-9A-Fa-f]{16}(?:\/[0-9A-Fa-f]{8})?)$/;
const PORT = /^(?:(?:tcp|udp|rfc2217):\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}|\/dev\/[^/]\S*)$/;
const PORT_EXPECTED = "tcp://HOST:PORT, udp:// or rfc2217:// likewise, or a device such as /dev/serial/by-id/usb-…";
/** The speeds of EN 13757-2, 5.2.6. */
const BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400] as const;

const ZONE_EXPECTED = "a time zone such as Europe/Copenhagen";
const CRON_EXPECTED = 'a cron expression such as "*/15 * * * *"';
const Schedule = v.pipe(v.string(CRON_EXPECTED), v.check(isCron, CRON_EXPECTED));

const MeterAddress = v.pipe(
  text('a primary address "p0" to "p250" or 16 hexadecimal digits in quotes', METER),
  v.transform((meter) => meter.startsWith("p") ? meter : meter.toUpperCase()),
);
const OwnMeter = v.strictObject({
  address: MeterAddress,
  interval: v.optional(duration("1s", "31d")),
  schedule: v.optional(Schedule),
  timeoutMs: v.optional(wholeNumber(10, 60_000)),
  retries: v.optional(wholeNumber(0, 10)),
}, "an address, or the keys of a meter");
/** An address, or an address with what is the meter's own. */
const Meter = v.lazy((written) => typeof written === "object" && written !== null ? OwnMeter : MeterAddress);

const Bus = v.strictObject({
  name: text("a name of letters, digits, - and _, such as main", /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/),
  port: v.pipe(text(PORT_EXPECTED, PORT), v.check(hasPortNumber, PORT_EXPECTED)),
  baudRate: v.optional(v.picklist(BAUD_RATES, `one of ${BAUD_RATES.join(", ")}`), 2400),
  interval: v.optional(duration("1s", "31d")),
  schedule: v.optional(Schedule),
  timeZone: v.optional(v.pipe(v.string(ZONE_EXPECTED), v.check(isTimeZone, ZONE_EXPECTED))),
  timeoutMs: v.optional(wholeNumber(10, 60_000)),
  retries: v.optional(wholeNumber(0, 10)),
  meters: v.pipe(v.array(Meter, "a list of meter addresses"), v.minLength(1, "at least one meter address")),
}, "the keys of a bus");

const SIZE_EXPECTED = "a size from 1MB to 1000GB, such as 500MB or 4GB";
/** A size such as `4GB`, in bytes. */
const Size = v.pipe(
  v.string(SIZE_EXPECTED),
  v.regex(/^[1-9]\d{0,2}(?:MB|GB)$|^1000(?:MB|GB)$/, SIZE_EXPECTED),
  v.transform((text) => parseInt(text) * (text.endsWith("GB") ? 1e9 : 1e6)),
);

const SpoolKeys = v.strictObject({
  maxBytes: v.optional(Size, "4GB"),
  drainPerMinute: v.optional(wholeNumber(60, 1_000_000), 6_000),
}, "the keys of spool");

const RADIO_PORT_EXPECTED =
  "tcp://HOST:PORT, a device such as /dev/serial/by-id/usb-…, or stdin for rtl_wmbus and rtl_433";
const RADIO_PORT = /^(?:tcp:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}|\/dev\/[^/]\S*|stdin)$/;

/** A bus with a receiver in place of a master. */
const RadioBus = v.strictObject({
  ...RadioEntries,
  name: Bus.entries.name,
  port: v.pipe(text(RADIO_PORT_EXPECTED, RADIO_PORT), v.check(hasPortNumber, RADIO_PORT_EXPECTED)),
  interval: v.optional(
    v.union([v.literal("all"), duration("1s", "7d")], "a length of time such as 15m, or all"),
    "15m",
  ),
  silentAfter: v.optional(duration("10s", "7d"), "10m"),
  keysFile: v.optional(file),
}, "the keys of a wireless bus");

const AnyBus = v.lazy((written) => isRadio(written) ? RadioBus : Bus);

/** Whether a bus as written is a wireless one. */
export function isRadio<T>(bus: T): bus is Extract<T, { receiver: unknown }> {
  return typeof bus === "object" && bus !== null && "receiver" in bus;
}

function hasPortNumber(port: string): boolean {
  const number = Number(/^[a-z].*:(\d+)$/.exec(port)?.[1] ?? 1);
  return number >= 1 && number <= 65_535;
}

const Connection = v.pipe(
  v.string('always, or a cron expression in UTC such as "15 3 * * *"'),
  v.check((text) => text === "always" || isCron(text), 'always, or a cron expression in UTC such as "15 3 * * *"'),
  v.transform((text): "always" | { cron: string } => text === "always" ? text : { cron: text }),
);

function isCron(text: string): boolean {
  try {
    return new Cron(text, { paused: true, timezone: "UTC" }).nextRun() !== null;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const TOPIC_EXPECTED = "one or more topic levels of letters, digits, - and _, such as homeassistant";
const TopicPrefix = text(TOPIC_EXPECTED, /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/);

const Metrics = v.strictObject({
  port: wholeNumber(1, 65_535),
  host: v.optional(text("a host name or address of this computer", /^[A-Za-z0-9.:-]+$/), "127.0.0.1"),
}, "the keys of metrics");

const HomeAssistant = v.strictObject({
  discoveryPrefix: v.optional(TopicPrefix, "homeassistant"),
  baseTopic: v.optional(TopicPrefix, "meters"),
  keysFile: v.optional(file),
}, "the keys of homeAssistant");

/** The configuration file as it is written. */
export const ConfigSchema = v.strictObject({
  gateway: v.pipe(text("a gateway id such as GW-0001"), v.check(isGatewayId, "a gateway id such as GW-0001")),
  dataFolder: v.optional(text("the path of a folder"), "/var/lib/mbus-gateway"),
  mqtt: v.strictObject({
    url: address("the broker's address such as mqtts://broker.example.org:8883", ["mqtts:", "mqtt:"]),
    ca: v.optional(file),
    cert: v.optional(file),
    key: v.optional(file),
    username: v.optional(text("a user name")),
    passwordFile: v.optional(file),
  }, "the keys of mqtt"),
  platform: v.strictObject({
    url: address("the server's address such as https://platform.example.org", ["https:", "http:"]),
    tokenFile: file,
    ca: v.optional(file),
    heartbeat: v.optional(duration("1s", "1d"), "60s"),
  }, "the keys of platform"),
  connection: v.optional(Connection, "always"),
  spool: v.optional(SpoolKeys, {}),
  buses: v.pipe(v.array(AnyBus, "a list of buses"), v.minLength(1, "at least one bus")),
  tunnel: v.optional(v.strictObject({
    tokenFile: file,
    metricsPort: v.optional(wholeNumber(1, 65_535), 20_241),
  }, "the keys of tunnel")),
  remoteConfiguration: v.optional(v.boolean("true or false")),
  metrics: v.optional(Metrics),
  homeAssistant: v.optional(HomeAssistant),
  log: v.optional(
    v.strictObject({
      level: v.optional(v.picklist(LOG_LEVELS, `one of ${LOG_LEVELS.join(", ")}`), "info"),
      format: v.optional(v.picklist(["text", "json"], "text or json"), "text"),
    }, "the keys of log"),
    {},
  ),
}, "the keys gateway, mqtt, platform and buses");

function isGatewayId(text: string): boolean {
  return v.is(GatewayId, text);
}
