import { UsageError } from "@mbus-gateway/resource";
import type { ReadResult } from "../requests/bus_handlers.ts";
import type { FoundMeter, ScanEvent, ScanReport } from "../scan/scan_report.ts";
import type { BusArguments } from "./bus_arguments.ts";

/** A verb of the command line: what it asks, and how the answer reads. */
export interface BusVerb {
  usage: string;
  /** The parameters of the request, from the words of the command line. @throws {UsageError} */
  params(args: BusArguments, now: Date): Record<string, unknown>;
  /** The answer as text for a person. */
  text(result: unknown): string;
}

export const BUS_VERBS: Readonly<Record<string, BusVerb>> = {
  scan: {
    usage: "scan [--secondary] [--all-bauds]        Look for meters by primary, or by secondary address.",
    params: (args) => {
      words("scan", args, []);
      return {
        space: args.secondary ? "secondary" : "primary",
        ...(args.allBauds && { baudRates: "all" }),
      };
    },
    text: (result) => scanText(result as ScanReport),
  },
  read: {
    usage: "read ADDRESS                            Read one meter: p5, or 16 hexadecimal digits.",
    params: (args) => {
      const [address] = words("read", args, ["ADDRESS"]);
      return { address };
    },
    text: (result) => readText(result as ReadResult),
  },
  "set-address": {
    usage: "set-address ADDRESS NEW                 Give a meter another primary address, 0 to 250.",
    params: (args) => {
      const [address, to = ""] = words("set-address", args, ["ADDRESS", "NEW"]);
      const number = Number(to.replace(/^p/, ""));
      if (!/^p?\d{1,3}$/.test(to) || number > 250) {
        throw new UsageError(`Cannot set-address: NEW is "${to}", expected a primary address from 0 to 250`);
      }
      return { address, to: number };
    },
    text: (result) => `The meter answers at ${(result as { address: string }).address} now`,
  },
  "set-baud-rate": {
    usage: "set-baud-rate ADDRESS BAUD              Make a meter speak at another speed.",
    params: (args) => {
      const [address, baud = ""] = words("set-baud-rate", args, ["ADDRESS", "BAUD"]);
      if (!/^\d{3,5}$/.test(baud)) throw new UsageError(`Cannot set-baud-rate: BAUD is "${baud}", expected a number`);
      return { address, baudRate: Number(baud) };
    },
    text: (result) => {
      const { address, baudRate } = result as { address: string; baudRate: number };
      return `Meter ${address} answers at ${baudRate} baud now`;
    },
  },
  "set-clock": {
    usage: "set-clock ADDRESS [TIME]                Set a meter's clock to local time: 2026-01-31T11:59; default now.",
    params: (args, now) => {
      const [address, time = localTime(now)] = words("set-clock", args, ["ADDRESS"], ["TIME"]);
      return { address, time };
    },
    text: (result) => {
      const { address, time } = result as { address: string; time: string };
      return `The clock of meter ${address} is set to ${time}`;
    },
  },
  "application-reset": {
    usage: "application-reset ADDRESS [SUBCODE]     Make a meter begin its application anew.",
    params: (args) => {
      const [address, subcode] = words("application-reset", args, ["ADDRESS"], ["SUBCODE"]);
      const byte = subcode === undefined ? undefined : byteOf(subcode);
      if (byte === null) {
        throw new UsageError(`Cannot application-reset: SUBCODE is "${subcode}", expected 0 to 255, or 0x00 to 0xFF`);
      }
      return { address, ...(byte !== undefined && { subcode: byte }) };
    },
    text: (result) => `Meter ${(result as { address: string }).address} has acknowledged the reset`,
  },
  send: {
    usage: "send ADDRESS CI [HEX]                   Send any data to a meter (SND_UD), such as send p5 0x51 0F.",
    params: (args) => {
      const [address, ci = "", data = ""] = words("send", args, ["ADDRESS", "CI"], ["HEX"]);
      const byte = byteOf(ci);
      if (byte === null) throw new UsageError(`Cannot send: CI is "${ci}", expected 0 to 255, or 0x00 to 0xFF`);
      if (!/^(?:[0-9A-Fa-f]{2})*$/.test(data)) throw new UsageError(`Cannot send: "${data}" is no bytes as hex digits`);
      return { address, ci: byte, data };
    },
    text: (result) => `Meter ${(result as { address: string }).address} has acknowledged the data`,
  },
};

/** A byte as a person writes it: 16, or 0x10. @returns null for anything else. */
function byteOf(text: string): number | null {
  const value = /^(?:\d{1,3}|0x[0-9A-Fa-f]{1,2})$/.test(text) ? Number(text) : NaN;
  return value <= 255 ? value : null;
}

/** A find as it happens. */
export function foundText(
  { address, secondary, manufacturer, identification, deviceType, baudRate }: FoundMeter,
): string {
  const who = [manufacturer, identification, deviceType].filter((part) => part !== null).join(" ");
  const also = secondary === null || secondary === address ? "" : `  ${secondary}`;
  return `${address}${also}  ${who || "says nothing of itself"}  ${baudRate} baud`;
}

/** How far a scan is, for a bar. */
export function scanProgress(event: ScanEvent): { done: number; total: number | null; at: string } | null {
  return event.type === "progress" ? event : null;
}

function scanText({ meters, unresolved, requests, seconds, passedSeconds, lowerBound }: ScanReport): string {
  const lines = [`${meters.length} meters found, ${requests} requests, ${seconds.toFixed(1)} s on the line`];
  const { requests: least, seconds: fastest } = lowerBound;
  lines.push(`the least for these meters: ${least} requests, ${fastest.toFixed(1)} s`);
  if (passedSeconds > 0) lines.push(`${passedSeconds.toFixed(1)} s more while meters were read by their schedule`);
  if (unresolved.length > 0) {
    lines.push(
      `several meters, or one that does not answer, at ${unresolved.join(", ")}: scan --secondary may tell them apart`,
    );
  }
  if (meters.length === 0) {
    lines.push("nobody answers: check wiring, baud rate (--all-bauds) and the converter's power");
  }
  lines.push(
    "a meter that thinks longer than the standard allows is missed: scan again with --timeout-ms 1500 to be sure",
  );
  return lines.join("\n");
}

function readText({ telegrams, frames }: ReadResult): string {
  return telegrams.map((telegram, index) => {
    if ("error" in telegram) return `${telegram.error}\n${frames[index]}`;
    const { manufacturer, identification, deviceType, records } = telegram;
    const head = `${[manufacturer, identification, deviceType].filter((part) => part !== null).join(" ")}`;
    return [
      head,
      ...records.map(({ quantity, value, unit, function: fn, storageNumber, tariff, modifiers, error }) => {
        const place = [
          fn === "instantaneous" ? "" : fn,
          storageNumber === 0 ? "" : `storage ${storageNumber}`,
          tariff === 0 ? "" : `tariff ${tariff}`,
          ...modifiers,
        ].filter((word) => word !== "").join(", ");
        return `  ${quantity}${place === "" ? "" : ` (${place})`}: ${error ?? `${value ?? "-"} ${unit}`.trimEnd()}`;
      }),
    ].join("\n");
  }).join("\n");
}

function words(verb: string, { words }: BusArguments, needed: string[], optional: string[] = []): string[] {
  if (words.length >= needed.length && words.length <= needed.length + optional.length) return words;
  const all = [...needed, ...optional.map((name) => `[${name}]`)];
  const expected = all.length === 0 ? "no further words" : all.join(" ");
  throw new UsageError(`Cannot ${verb}: expected ${expected}, got ${words.length} words`);
}

function localTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${date}T${two(now.getHours())}:${two(now.getMinutes())}`;
}
