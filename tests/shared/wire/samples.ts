import type { Confirmation, Heartbeat, PayloadToSend } from "@mbus-gateway/wire";

export const EPOCH = "3f2b8c1e-5d6a-4e7f-9a0b-1c2d3e4f5a6b";

/** One readout with two frames, one with a clock that was corrected, one of a third-party gateway. */
export const PAYLOAD: PayloadToSend = {
  gateway: "GW-0001",
  epoch: EPOCH,
  sentAt: "2026-01-31T12:00:00.000Z",
  readouts: [
    {
      seq: 17,
      bus: "main",
      address: "p5",
      readAt: "2026-01-31T11:59:58.123Z",
      clock: "trusted",
      frames: [Uint8Array.fromHex("e5"), Uint8Array.fromHex("680303680805727816")],
    },
    {
      seq: 18,
      bus: "main",
      address: "1234567823450106",
      readAt: "2026-01-01T00:00:07.000Z",
      clock: "untrusted",
      correctedReadAt: "2026-01-31T11:59:59.000Z",
      frames: [Uint8Array.fromHex("1040054516")],
    },
    {
      seq: 9_007_199_254_740_991,
      bus: "third",
      address: "meter 7",
      readAt: "2026-01-31T11:59:59.999Z",
      clock: "trusted",
      meter: { manufacturer: "ABC", identification: "12345678", version: 1, deviceTypeCode: 7 },
      values: [{
        quantity: "volume",
        unit: "m³",
        value: "-12345678901234567890.012300",
        function: "maximum",
        storageNumber: 3,
        tariff: 1,
        subunit: 2,
        modifiers: ["at_flow_temperature"],
      }],
    },
  ],
};

export const CONFIRMATION: Confirmation = {
  gateway: "GW-0001",
  epoch: EPOCH,
  held: [[1, 17], [19, 19]],
  refused: [{ seq: 18, code: "gateway_unknown", reason: "Cannot take readout: …" }],
};

export const HEARTBEAT: Heartbeat = {
  gateway: "GW-0001",
  epoch: EPOCH,
  sentAt: "2026-01-31T12:00:00.000Z",
  status: "online",
  clock: "trusted",
  software: "0.1.0",
  uptimeSeconds: 3600,
  unconfirmed: { oldest: 18, newest: 42 },
  spoolDepth: 20,
  counts: { taken: 100, failed: 2, sent: 80, held: 78, parked: 1 },
};
