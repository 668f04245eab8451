import { assert, assertEquals } from "@std/assert";
import { announcements } from "../../../gateway/home_assistant/announcement.ts";
import { meterValues, stateText } from "../../../gateway/home_assistant/meter_values.ts";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";

const TOPICS = { gateway: "GW-0001", discoveryPrefix: "homeassistant", baseTopic: "meters" };

async function captured(name: string) {
  const text = await Deno.readTextFile(`${import.meta.dirname}/../../telegrams/${name}.hex`);
  const frame = Uint8Array.fromHex(text.replaceAll(/#.*|\s/g, ""));
  const values = meterValues(readout({ frames: [frame] }), () => undefined);
  assert(values !== null);
  return values;
}

async function told(name: string) {
  const meter = await captured(name);
  return announcements(TOPICS, meter, 2_700).map(({ topic, payload }) => ({ topic, ...JSON.parse(payload) }));
}

Deno.test("announcements() tells of a heat meter's total as a counter, with device, availability and expiry", async () => {
  const sensors = await told("heat_meter");
  const energy = sensors.find(({ name }) => name === "Energy");
  assertEquals(energy.state_class, "total_increasing");
  assertEquals([energy.device_class, energy.unit_of_measurement], ["energy", "Wh"]);
  assertEquals(energy.expire_after, 2_700);
  assertEquals(energy.availability, [
    { topic: "gateways/GW-0001/state", value_template: "{{ value_json.state }}" },
    { topic: `meters/GW-0001/EXA_04711001_0B_04/availability` },
  ]);
  assertEquals(energy.availability_mode, "all");
  assertEquals(energy.state_topic, "meters/GW-0001/EXA_04711001_0B_04/state");
  assertEquals(energy.value_template, `{{ value_json['values'].get("energy:Wh:instantaneous:s0:t0:u0") }}`);
  assertEquals(energy.device, {
    identifiers: ["mbus_GW-0001_EXA_04711001_0B_04"],
    name: "Heat meter 04711001",
    manufacturer: "EXA",
    serial_number: "04711001",
    hw_version: "11",
    model: "Heat meter",
  });
  const power = sensors.find(({ name }) => name === "Power");
  assertEquals([power.device_class, power.state_class], ["power", "measurement"]);
});

Deno.test("announcements() calls only a present total total_increasing, whatever the meter", async () => {
  for (const name of ["heat_meter", "electricity_meter", "heat_cost_allocator", "limits_and_faults"]) {
    for (const sensor of await told(name)) {
      if (sensor.state_class !== "total_increasing") continue;
      assert(
        /^(energy|volume):[^:]*:instantaneous:s0:t\d+:u\d+(#\d+)?$/.test(
          /"(.*)"/.exec(sensor.value_template)?.[1] ?? "",
        ),
      );
      assert(["energy", "volume", "water", "gas"].includes(sensor.device_class), sensor.name);
    }
  }
  const allocator = await told("heat_cost_allocator");
  assert(allocator.every(({ state_class }) => state_class !== "total_increasing"));
});

Deno.test("announcements() keeps stored values aside, and each topic and id apart", () => {
  const meter = meterValues(
    readout({
      frames: [heatMeterFrame({
        records: [
          { field: "int32", vib: "06", value: 900, storageNumber: 1 },
          { field: "int32", vib: "06", value: 77, function: "maximum" },
          { field: "int32", vib: "06", value: 5, tariff: 2 },
          { field: "int32", vib: "06", value: 6, tariff: 2 },
        ],
      })],
    }),
    () => undefined,
  );
  assert(meter !== null);
  const sensors = announcements(TOPICS, meter, null).map(({ topic, payload }) => ({ topic, ...JSON.parse(payload) }));
  assertEquals(
    sensors.map((
      { name, state_class, entity_category, enabled_by_default },
    ) => [name, state_class, entity_category, enabled_by_default]),
    [
      ["Energy", "total_increasing", undefined, undefined],
      ["Energy, stored 1", undefined, "diagnostic", false],
      ["Energy, maximum", undefined, undefined, undefined],
      ["Energy, tariff 2", "total_increasing", undefined, undefined],
      ["Energy, tariff 2, 2", "total_increasing", undefined, undefined],
    ],
  );
  assertEquals(new Set(sensors.map(({ topic }) => topic)).size, sensors.length);
  assertEquals(new Set(sensors.map(({ unique_id }) => unique_id)).size, sensors.length);
  for (const { topic, expire_after } of sensors) {
    assert(/^homeassistant\/sensor\/GW-0001\/[A-Za-z0-9_-]+\/config$/.test(topic), topic);
    assertEquals(expire_after, undefined);
  }
});

Deno.test("stateText() writes each number with the meter's own digits, and null where there is none", () => {
  const big = 9_007_199_254_740_993n;
  const frames = [heatMeterFrame({ energyKwh: 1234, records: [{ field: "int64", vib: "13", value: big }] })];
  const meter = meterValues(readout({ frames }), () => undefined);
  assert(meter !== null);
  assertEquals(
    stateText(meter),
    '{"readAt":"2026-01-31T11:59:58.123Z","values":{"energy:Wh:instantaneous:s0:t0:u0":1234000,' +
      '"volume:m3:instantaneous:s0:t0:u0":9007199254740.993}}',
  );
  JSON.parse(stateText(meter));
});

Deno.test("meterValues() names a meter without a header by bus and address, and gives nothing for what it cannot read", () => {
  const headerless = Uint8Array.fromHex("680606680805780113069F16");
  assertEquals(meterValues(readout({ frames: [headerless] }), () => undefined)?.id, "main_p5");
  assertEquals(meterValues(readout({ frames: [Uint8Array.of(0xe5)] }), () => undefined), null);
  assertEquals(meterValues(readout({ frames: [Uint8Array.of(1, 2, 3)] }), () => undefined), null);
});
