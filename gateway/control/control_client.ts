import { encodeRequest, parseResponse } from "@mbus-gateway/wire";
import { RequestError } from "../requests/request_error.ts";
import { linesOf } from "./lines.ts";
import { refuseLongPath } from "./control_path.ts";

export interface AskOptions {
  verb: string;
  params: Record<string, unknown>;
  signal: AbortSignal;
  onProgress?: (what: unknown) => void;
  /** How long the gateway may wait before it begins; by default a minute. */
  expiresInMs?: number;
}

/**
 * Asks the gateway that runs on this machine.
 *
 * @returns what it answered; null when none runs.
 * @throws {ConfigurationError} when no socket can have this path; {@linkcode RequestError} when it answers that it cannot;
 * the signal's reason when that aborts.
 */
export async function askGateway(path: string, options: AskOptions): Promise<{ result: unknown } | null> {
  const { verb, params, signal, onProgress = () => {}, expiresInMs = 60_000 } = options;
  signal.throwIfAborted();
  refuseLongPath(path);
  const connection = await connect(path);
  if (connection === null) return null;
  const hangUp = () => connection.close();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    const id = crypto.randomUUID();
    const expiresAt = new Date(Date.now() + expiresInMs).toISOString();
    const line = JSON.stringify({ verb, ...JSON.parse(encodeRequest({ id, expiresAt, params })) });
    await new Response(`${line}\n`).body?.pipeTo(connection.writable, { preventClose: true });
    for await (const line of linesOf(connection)) {
      const response = parseResponse(new TextEncoder().encode(line));
      if ("progress" in response) onProgress(response.progress);
      else if (response.ok) return { result: response.result };
      else throw new RequestError(response.code, response.error);
    }
    throw new RequestError("gone", `Cannot finish ${verb}: the gateway ended meanwhile; look at its log`);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", hangUp);
    if (!signal.aborted) connection.close();
  }
}

async function connect(path: string): Promise<Deno.UnixConn | null> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) return null;
    throw error;
  }
}
