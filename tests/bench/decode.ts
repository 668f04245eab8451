import { decodeTelegram, JsonText, type Telegram, toHex } from "@mbus-gateway/mbus";
import { type TelegramClass, wiredClasses, wirelessClasses } from "./decode_classes.ts";
import { numberOption, readable, report } from "./report.ts";
import { simulatedFrames } from "./simulated_frames.ts";

/**
 * Decoding by class of telegrams, each figure beside `JSON.stringify` of the same results in the same run. What another
 * program on the machine takes away makes a round longer, never shorter: the least of the rounds is what the work costs,
 * the median what it cost here and now.
 */
export async function benchDecode(options: string[] = []): Promise<void> {
  const rounds = numberOption(options, "rounds", 101);
  const simulated = { name: "simulated meters", options: {}, frames: simulatedFrames(56) };
  const classes = [...wiredClasses(), simulated, ...wirelessClasses()];
  console.log("  µs a telegram, least (median):");
  const head = ["class", "bytes", "records", "exact values", "every field", "JSON bytes", "JSON string", "stringify"];
  console.log(`  ${row([...head, "JSON string / stringify", "telegrams/s", "records/s"])}`);
  for (const telegrams of classes) console.log(`  ${row(figuresOf(telegrams, rounds))}`);
  await benchCommand(numberOption(options, "lines", 100_000));
}

function figuresOf({ name, frames, options }: TelegramClass, rounds: number): string[] {
  const telegrams = frames.map((frame) => decodeTelegram(frame, options));
  const plain = telegrams.map((telegram) => JSON.parse(JSON.stringify(telegram)));
  const records = telegrams.reduce((sum, telegram) => sum + telegram.records.length, 0);
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const json = new JsonText();
  const decode = (frame: Uint8Array) => decodeTelegram(frame, options);
  const write = (frame: Uint8Array) => {
    json.clear();
    decode(frame).writeJson(json);
    return json;
  };
  const exact = timed(rounds, frames, (frame) => exactValues(decode(frame)));
  const every = timed(rounds, frames, (frame) => everyField(decode(frame)));
  const asBytes = timed(rounds, frames, (frame) => write(frame).length);
  const asString = timed(rounds, frames, (frame) => write(frame).toString().length);
  const stringify = timed(rounds, plain, (object) => JSON.stringify(object).length);
  const count = frames.length;
  const perSecond = 1e6 / exact.least;
  return [
    name,
    readable(bytes / count),
    readable(records / count),
    ...[exact, every, asBytes, asString, stringify].map(({ least, median }) => `${micros(least)} (${micros(median)})`),
    readable(asString.least / stringify.least),
    readable(perSecond),
    readable(perSecond * records / count),
  ];
}

/** The command itself, from its start to its end, with output that nobody reads. */
async function benchCommand(count: number): Promise<void> {
  const [heat] = wiredClasses();
  if (heat === undefined) throw new Error("Cannot bench: there is no class of telegrams");
  const path = await Deno.makeTempFile({ suffix: ".hex" });
  try {
    const lines = heat.frames.map((frame) => toHex(frame));
    await Deno.writeTextFile(path, Array.from({ length: count }, (_, i) => lines[i % lines.length]).join("\n") + "\n");
    const main = `${import.meta.dirname}/../../main.ts`;
    const args = ["run", "-q", "--no-prompt", "-P=decode", main, "decode", path, "--format", "ndjson"];
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      await new Deno.Command(Deno.execPath(), { args, stdout: "null" }).output();
      times.push((performance.now() - start) * 1000 / count);
    }
    times.sort((a, b) => a - b);
    const figure = `${micros(times[0] ?? NaN)} (${micros(times[2] ?? NaN)}) µs`;
    report(`the command, ndjson, start to end, ${count} lines: a telegram`, figure);
  } finally {
    await Deno.remove(path);
  }
}

interface Time {
  least: number;
  median: number;
}

let sink = 0;

/** Microseconds that `work` takes for one of the inputs. */
function timed<Input>(rounds: number, inputs: Input[], work: (input: Input) => number): Time {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (const input of inputs) sink += work(input);
    return (performance.now() - start) * 1000 / inputs.length;
  }).sort((a, b) => a - b);
  if (Number.isNaN(sink)) throw new Error("Cannot bench: something came out that has no length");
  return { least: times[0] ?? NaN, median: times[rounds >> 1] ?? NaN };
}

/** Reads every value as an exact number (coefficient and power of ten), and all that is no text. */
function exactValues(telegram: Telegram): number {
  let sum = (telegram.version ?? 0) + (telegram.accessNumber ?? 0) + (telegram.status ?? 0) +
    (telegram.deviceTypeCode ?? 0) + (telegram.address ?? 0);
  for (const record of telegram.records) {
    const { decimal } = record;
    if (decimal !== null) sum += Number(decimal.coefficient) + decimal.exponent;
    sum += record.storageNumber + record.tariff + record.subunit + record.offset + record.end;
  }
  return sum;
}

/** Reads every field, so that nothing stays undone behind a getter: values, bytes as hex, keys, names as texts. */
function everyField(telegram: Telegram): number {
  let sum = (telegram.identification?.length ?? 0) + (telegram.manufacturer?.length ?? 0) + telegram.ci.length +
    (telegram.deviceType?.length ?? 0) + (telegram.manufacturerData?.length ?? 0) + (telegram.encryption?.length ?? 0) +
    telegram.link.length + (telegram.version ?? 0) + (telegram.accessNumber ?? 0) + (telegram.status ?? 0) +
    (telegram.profile?.length ?? 0);
  const { values } = telegram;
  for (const name in values) sum += values[name]?.value?.length ?? 0;
  for (const record of telegram.records) {
    sum += record.dib.length + record.vib.length + record.data.length + record.key.length + record.quantity.length +
      record.unit.length + record.modifiers.length + record.function.length + record.storageNumber + record.tariff +
      record.subunit + record.kind.length + (record.value?.length ?? 0) + (record.error?.length ?? 0) + record.offset;
  }
  return sum;
}

function micros(value: number): string {
  return value.toFixed(2);
}

function row([name = "", ...cells]: string[]): string {
  return name.padEnd(34) + cells.map((cell) => cell.padStart(15)).join("");
}
