import { crc32 } from "node:zlib";
import type { DataRecord } from "@mbus-gateway/mbus";
import { topic, VERSION } from "@mbus-gateway/wire";
import type { MeterValues } from "./meter_values.ts";
import { type SensorKind, sensorKind } from "./sensor_kinds.ts";

/** A retained message of Home Assistant's MQTT discovery. */
export interface Announcement {
  topic: string;
  /** JSON. */
  payload: string;
}

export interface HomeAssistantTopics {
  gateway: string;
  discoveryPrefix: string;
  baseTopic: string;
}

/** The topics of one meter. */
export function meterTopics({ gateway, baseTopic }: HomeAssistantTopics, id: string) {
  const base = `${baseTopic}/${gateway}/${id}`;
  return { state: `${base}/state`, availability: `${base}/availability` };
}

/** More values than a house looks at; what is beyond stays in the state. */
const MOST_SENSORS = 100;

const STATE_CLASSES = { counter: "total_increasing", measurement: "measurement" } as const;

/**
 * What Home Assistant is told of a meter: a sensor for each value that a house has a use for.
 *
 * @param expireAfterS after so long without news a value counts as unknown.
 */
export function announcements(
  topics: HomeAssistantTopics,
  meter: MeterValues,
  expireAfterS: number | null,
): Announcement[] {
  return meter.values.flatMap(({ key, record }) => {
    const kind = sensorKind(record, meter.deviceType);
    return kind === null ? [] : [announcement(topics, meter, key, record, kind, expireAfterS)];
  }).slice(0, MOST_SENSORS);
}

function announcement(
  topics: HomeAssistantTopics,
  meter: MeterValues,
  key: string,
  record: DataRecord,
  kind: SensorKind,
  expireAfterS: number | null,
): Announcement {
  const { gateway, discoveryPrefix } = topics;
  const { state, availability } = meterTopics(topics, meter.id);
  const object = `${meter.id}_${objectOf(key)}`;
  const aside = kind.diagnostic || record.storageNumber !== 0;
  const told = {
    name: nameOf(key, record),
    unique_id: `${gateway}_${object}`,
    state_topic: state,
    value_template: `{{ value_json['values'].get(${JSON.stringify(key)}) }}`,
    unit_of_measurement: kind.unit,
    device_class: kind.deviceClass,
    state_class: kind.course && STATE_CLASSES[kind.course],
    ...(aside && { entity_category: "diagnostic" }),
    // A heat meter stores up to a hundred values of past months.
    ...(record.storageNumber !== 0 && { enabled_by_default: false }),
    ...(expireAfterS !== null && { expire_after: expireAfterS }),
    availability: [
      { topic: topic.state(gateway), value_template: "{{ value_json.state }}" },
      { topic: availability },
    ],
    availability_mode: "all",
    device: deviceOf(gateway, meter),
    origin: { name: "mbus-gateway", sw_version: VERSION },
  };
  return { topic: `${discoveryPrefix}/sensor/${gateway}/${object}/config`, payload: JSON.stringify(told) };
}

function deviceOf(
  gateway: string,
  { id, identification, manufacturer, version, deviceType, bus, address }: MeterValues,
) {
  const type = deviceType === null ? "Meter" : `${capital(words(deviceType))} meter`.replace(/meter meter$/, "meter");
  return {
    identifiers: [`mbus_${gateway}_${id}`],
    name: `${type} ${identification ?? `${bus} ${address}`}`,
    ...(manufacturer !== null && { manufacturer }),
    ...(identification !== null && { serial_number: identification }),
    ...(version !== null && { hw_version: String(version) }),
    model: type,
  };
}

/** "Energy", "Energy, tariff 1", "Power, maximum, stored 3". */
function nameOf(
  key: string,
  { quantity, function: kind, storageNumber, tariff, subunit, modifiers }: DataRecord,
): string {
  const [, occurrence] = key.split("#");
  return [
    capital(words(quantity)),
    ...(kind === "instantaneous" ? [] : [kind]),
    ...(tariff === 0 ? [] : [`tariff ${tariff}`]),
    ...(subunit === 0 ? [] : [`subunit ${subunit}`]),
    ...(storageNumber === 0 ? [] : [`stored ${storageNumber}`]),
    ...modifiers.map(words),
    ...(occurrence === undefined ? [] : [String(Number(occurrence) + 1)]),
  ].join(", ");
}

/** The key with what a topic can hold; its sum keeps apart what differs in other characters alone. */
function objectOf(key: string): string {
  const plain = key.replaceAll(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "");
  return `${plain}_${crc32(key).toString(16).padStart(8, "0")}`;
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
