import { type HttpClient, httpClient } from "@mbus-gateway/resource";

/** A made-up climateData API on this machine, with a log of what it was asked. */
export function source(answer: (request: Request, asked: number) => Response | Promise<Response>, timeoutMs = 10_000) {
  const stack = new AsyncDisposableStack();
  const requests: { url: URL; headers: Headers }[] = [];
  const ended = new AbortController();
  const server = Deno.serve(
    {
      port: 0,
      hostname: "127.0.0.1",
      signal: ended.signal,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => {
      requests.push({ url: new URL(request.url), headers: request.headers });
      return answer(request, requests.length);
    },
  );
  stack.defer(async () => {
    ended.abort();
    await server.finished;
  });
  const http: HttpClient = stack.use(httpClient({ timeoutMs }));
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    http,
    origin,
    baseUrl: `${origin}/v2/climateData`,
    requests,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A day as the API writes it: the local day of Denmark, which in winter begins at 23:00 UTC. */
export function feature(
  day: string,
  value: string,
  { created = "2026-01-31T06:00:00.000000+00:00", ...other }: Record<string, string> = {},
): string {
  const noon = Date.parse(`${day}T12:00:00Z`);
  const at = (hours: number) => new Date(noon + hours * 3_600_000).toISOString().replace("Z", "000+00:00");
  const properties = {
    parameterId: "acc_heating_degree_days_17",
    timeResolution: "day",
    municipalityId: "0101",
    from: at(-13),
    to: at(11),
    created,
    qcStatus: "none",
    validity: true,
    ...other,
  };
  const json = JSON.stringify({ type: "Feature", id: day, geometry: null, properties });
  // The literal is written as it is given: a value that went through a number here would prove nothing.
  return json.replace('"parameterId"', `"value":${value},"parameterId"`);
}

/** A page of features, with the address of the next. */
export function collection(features: string[], next?: string): Response {
  const links = [
    { rel: "self", href: "https://example.org/self" },
    ...(next === undefined ? [] : [{ rel: "next", href: next }]),
  ];
  const text = `{"type":"FeatureCollection","features":[${features.join(",")}],"numberReturned":${features.length},` +
    `"links":${JSON.stringify(links)}}`;
  return new Response(text, { headers: { "content-type": "application/geo+json" } });
}
