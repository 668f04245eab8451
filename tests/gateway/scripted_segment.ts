import { encodeFrame, encodeVariableData, parseFrame, type RecordToEncode } from "@mbus-gateway/mbus";
import { type ByteStream } from "../../gateway/transport.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { openTransport } from "../../gateway/transport.ts";
import { converter } from "./converter.ts";

/** What comes back after one request: hex or bytes; an empty list is silence. */
export type ScriptedAnswer = (string | Uint8Array)[];

export interface ScriptedSegmentOptions {
  /** The converter hears its own requests. */
  echo?: boolean;
  /** What carries the line. Default `tcp`. */
  over?: "tcp" | "pty";
}

/** The far end of a line that answers as written down, request by request. */
export interface ScriptedSegment extends AsyncDisposable {
  readonly line: ByteStream;
  /** The requests so far, as hex. */
  readonly requests: string[];
  /** Answers that nobody asked for yet. */
  readonly left: ScriptedAnswer[];
  /** Sends without being asked. */
  write(bytes: Uint8Array): Promise<void>;
}

/** A segment that gives one answer of the script to each request; after the last it is silent. */
export async function scriptedSegment(
  script: ScriptedAnswer[],
  { echo = false, over = "tcp" }: ScriptedSegmentOptions = {},
): Promise<ScriptedSegment> {
  const { line, far } = over === "tcp" ? await tcpEnds() : await ptyEnds();
  const left = [...script];
  const requests: string[] = [];
  const speaking = answerRequests();

  async function answerRequests() {
    let buffer = new Uint8Array(0);
    for (let bytes = await far.read(); bytes !== null; bytes = await far.read()) {
      buffer = new Uint8Array([...buffer, ...bytes]);
      while (true) {
        const parsed = parseFrame(buffer);
        if ("needs" in parsed) break;
        const request = buffer.slice(0, parsed.length);
        buffer = buffer.slice(parsed.length);
        requests.push(request.toHex());
        if (echo) await far.write(request);
        for (const answer of left.shift() ?? []) {
          await far.write(typeof answer === "string" ? Uint8Array.fromHex(answer) : answer);
        }
      }
    }
  }

  return {
    line,
    requests,
    left,
    write: (bytes) => far.write(bytes),
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await speaking;
    },
  };
}

interface FarEnd extends AsyncDisposable {
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
}

async function tcpEnds(): Promise<{ line: ByteStream; far: FarEnd }> {
  const { line, far } = await converter();
  const writer = far.writable.getWriter();
  const reader = far.readable.getReader();
  return {
    line,
    far: {
      read: async () => (await reader.read()).value ?? null,
      write: (bytes) => writer.write(new Uint8Array(bytes)),
      async [Symbol.asyncDispose]() {
        await writer.close();
        await reader.cancel();
      },
    },
  };
}

async function ptyEnds(): Promise<{ line: ByteStream; far: FarEnd }> {
  const far = ptyPair();
  return { line: await openTransport({ port: far.path, baudRate: 38_400 }), far };
}

export interface TelegramFields {
  address?: number;
  identification?: string;
  accessNumber?: number;
  energy?: number;
  moreRecordsFollow?: boolean;
  /** In place of the energy. */
  records?: readonly RecordToEncode[];
}

/** A heat meter's answer, a long frame with C 08 and CI 72. */
export function telegram(
  {
    address = 5,
    identification = "12345678",
    accessNumber = 1,
    energy = 42,
    moreRecordsFollow = false,
    records = [{ field: "int32", vib: "06", value: energy }],
  }: TelegramFields = {},
): Uint8Array<ArrayBuffer> {
  const data = encodeVariableData({
    identification,
    manufacturer: "KAM",
    version: 1,
    deviceTypeCode: 4,
    accessNumber,
    records,
    moreRecordsFollow,
  });
  return encodeFrame({ type: "long", control: 0x08, address, ci: 0x72, data });
}

/** The same bytes with one changed. */
export function damaged(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x40;
  return copy;
}
