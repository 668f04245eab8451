import { refreshConsumption } from "../../../server/consumption/mod.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { site as emptySite } from "./site.ts";

const HOUR = 3_600_000;

/** The app with a house of one unit, and meters whose readouts came through ingest. */
export async function consumptionSite() {
  const at = await emptySite();
  const house = await at.api("POST", "/api/v1/properties", {
    body: { name: "Example Street 1", units: [{ label: "1. left" }] },
  });
  const property: string = house.json.id;
  const unitId: string = house.json.units[0].id;
  let seq = 0;
  return {
    ...at,
    property,
    unitId,
    /** Readouts of a heat meter an hour apart, in kWh; reckoned unless said otherwise. */
    async read(identification: string, first: string, kilowattHours: number[], { reckon = true } = {}) {
      const readouts = kilowattHours.map((energyKwh, index) =>
        readout({
          seq: ++seq,
          readAt: new Date(Date.parse(first) + index * HOUR).toISOString(),
          frames: [heatMeterFrame({ identification, energyKwh })],
        })
      );
      await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) }]);
      if (reckon) await refreshConsumption({ database: at.database });
    },
    async meter(identification: string): Promise<string> {
      const [row] = await at.sql`select meter_id::text as id from meters where identification = ${identification}`;
      return String(row?.id);
    },
    refresh: () => refreshConsumption({ database: at.database }),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

/** `count` values from `start`, one more each time. */
export function counting(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}
