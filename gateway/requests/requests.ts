import { describeError, type Log } from "@mbus-gateway/resource";
import {
  encodeResponse,
  type GatewayRequest,
  type GatewayResponse,
  MAX_REQUEST_BYTES,
  parseRequest,
  WireError,
} from "@mbus-gateway/wire";
import * as v from "valibot";
import type { Clock } from "../clock.ts";
import { refusalOf, RequestError } from "./request_error.ts";
import type { RequestMemory } from "./request_memory.ts";
import { shortMemory } from "./short_memory.ts";

export interface RequestContext {
  /** Aborts when it is cancelled or the gateway stops. */
  signal: AbortSignal;
  /** Says how far it is, to who asks. */
  progress(what: unknown): void;
}

/** What a verb does. */
export interface Handler {
  /** Its parameters; unknown ones are refused. */
  params: v.ObjectEntries;
  /** It changes nothing: it is done also while nobody knows the time, and nothing of it is written down. */
  harmless?: boolean;
  run(params: Record<string, unknown>, context: RequestContext): Promise<unknown>;
}

/** A handler whose `run` gets its parameters as they were checked. */
export function handler<E extends v.ObjectEntries>(
  params: E,
  run: (params: v.InferOutput<v.StrictObjectSchema<E, undefined>>, context: RequestContext) => Promise<unknown>,
  { harmless = false } = {},
): Handler {
  return { params, harmless, run: run as Handler["run"] };
}

export type Handlers = Readonly<Record<string, Handler>>;

/** So many are done at once; the bus does one after the other, and who asks a hundred times gains nothing. */
const MOST_RUNNING = 32;

/** A request as it came, over whatever. */
export interface IncomingRequest {
  verb: string;
  bytes: Uint8Array;
  /** It was asked on this machine, whose own clock says when it expires, right or wrong. */
  fromHere?: boolean;
  /** Ends it when who asked is gone. */
  signal?: AbortSignal;
  /** Gets each progress, as the text of a response, and what it belongs to. */
  onProgress?: (response: string, request: GatewayRequest) => void;
}

/** What became of a request. */
export interface Answered {
  /** The text of the response. */
  response: string;
  /** The request, where it could be read: where the answer goes. */
  request: GatewayRequest | null;
}

/** Does what is asked of a gateway: each request once, however often it comes, and answers each. */
export interface Requests {
  handle(incoming: IncomingRequest): Promise<Answered>;
  /** Offers verbs until it is disposed; the newest offer of a verb counts. */
  offer(handlers: Handlers): Disposable;
}

export interface RequestsOptions {
  gateway: string;
  memory: RequestMemory;
  clock: Clock;
  log: Log;
}

/** The one dispatcher of a gateway, whatever its requests come over. */
export function createRequests({ gateway, memory, clock, log }: RequestsOptions): Requests {
  const offers: Handlers[] = [];
  const running = new Map<string, { controller: AbortController; answer: Promise<string> }>();
  const looked = shortMemory();

  const own: Handlers = {
    cancel: handler(
      { request: v.string() },
      ({ request }) => {
        const found = running.get(request);
        found?.controller.abort(new DOMException("Cannot go on: the request was cancelled", "AbortError"));
        return Promise.resolve({ cancelled: found !== undefined });
      },
      { harmless: true },
    ),
  };
  const handlerOf = (verb: string): Handler => {
    for (const handlers of [...offers, own].toReversed()) {
      if (Object.hasOwn(handlers, verb)) return handlers[verb] as Handler;
    }
    const known = [...new Set([own, ...offers].flatMap((handlers) => Object.keys(handlers)))].sort();
    throw new RequestError("unknown_verb", `Cannot do "${verb}": this gateway can do ${known.join(", ")}`);
  };

  /** It is done, whether that can be written down or not: who asked gets the answer in any case. */
  function remember(id: string, answer: string) {
    try {
      memory.end(id, answer);
    } catch (error) {
      log.error("Cannot remember an answer: who asks again will hear that it was interrupted", { request: id, error });
    }
  }

  /** Once begun, a request is done to its end, whatever becomes of who asked first. */
  function begin(verb: string, request: GatewayRequest, handler: Handler, incoming: IncomingRequest): Promise<string> {
    const about = { gateway, verb, id: request.id, correlation: request.correlation };
    const params = paramsOf(verb, handler, request);
    if (!handler.harmless) memory.begin(request.id, clock.now());
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, ...incoming.signal === undefined ? [] : [incoming.signal]]);
    const progress = (what: unknown) => incoming.onProgress?.(encodeResponse({ ...about, progress: what }), request);
    log.info("Begins what was asked", { verb, request: request.id });
    const done = (async () => await handler.run(params, { signal, progress }))();
    const answer = done.then(
      (result): GatewayResponse => ({ ...about, ok: true, result: result ?? null }),
      (thrown): GatewayResponse => {
        log.warn("Cannot do what was asked", { verb, request: request.id, error: thrown });
        return { ...about, ok: false, ...refusalOf(thrown) };
      },
    ).then((response) => {
      running.delete(request.id);
      const text = encodeResponse(response);
      if (handler.harmless) looked.keep(request.id, text);
      else remember(request.id, text);
      return text;
    });
    running.set(request.id, { controller, answer });
    return answer;
  }

  function answerOf(verb: string, request: GatewayRequest, incoming: IncomingRequest): Promise<string> {
    const under = running.get(request.id);
    if (under !== undefined) return under.answer;
    const handler = handlerOf(verb);
    const known = handler.harmless ? looked.find(request.id) : memory.find(request.id);
    if (known !== null) {
      if (known.answer !== null) return Promise.resolve(known.answer);
      throw new RequestError(
        "interrupted",
        `Cannot say how ${verb} ended: the gateway was stopped in between; look, then ask under another id`,
      );
    }
    refuseExpired(request, { verb, clock, anyTime: handler.harmless || incoming.fromHere });
    if (running.size >= MOST_RUNNING && verb !== "cancel") {
      throw new RequestError(
        "busy",
        `Cannot do ${verb}: ${running.size} requests are being done; ask when some are answered`,
      );
    }
    return begin(verb, request, handler, incoming);
  }

  return {
    async handle(incoming) {
      const { verb, bytes } = incoming;
      let request: GatewayRequest | null = null;
      try {
        if (bytes.length > MAX_REQUEST_BYTES) {
          const most = `at most ${MAX_REQUEST_BYTES} are read`;
          throw new RequestError("too_large", `Cannot read request: it has ${bytes.length} bytes, ${most}`);
        }
        request = parseRequest(bytes);
        return { response: await answerOf(verb, request, incoming), request };
      } catch (thrown) {
        if (!(thrown instanceof RequestError || thrown instanceof WireError)) {
          log.error("Cannot answer request", { verb, error: describeError(thrown) });
        }
        const { id = "", correlation } = request ?? {};
        const { code, error } = refusalOf(thrown);
        const refusal = { code: thrown instanceof WireError ? "invalid" : code, error };
        return { response: encodeResponse({ gateway, verb, id, correlation, ok: false, ...refusal }), request };
      }
    },
    offer(handlers) {
      offers.push(handlers);
      return { [Symbol.dispose]: () => void offers.splice(offers.indexOf(handlers), 1) };
    },
  };
}

function paramsOf(verb: string, { params }: Handler, request: GatewayRequest): Record<string, unknown> {
  const result = v.safeParse(v.strictObject(params), request.params, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  throw new RequestError("invalid", `Cannot do ${verb}: ${field === null ? "" : `${field}: `}${issue.message}`);
}

/** Without a clock that can be believed nobody knows whether it has expired. */
function refuseExpired(
  { expiresAt }: GatewayRequest,
  { verb, clock, anyTime = false }: { verb: string; clock: Clock; anyTime?: boolean },
) {
  if (!clock.trusted()) {
    if (anyTime) return;
    throw new RequestError("clock_untrusted", `Cannot do ${verb}: the gateway does not know the time yet; ask later`);
  }
  if (Date.parse(expiresAt) > clock.now().getTime()) return;
  throw new RequestError("expired", `Cannot do ${verb}: the request expired at ${expiresAt}; ask again`);
}
