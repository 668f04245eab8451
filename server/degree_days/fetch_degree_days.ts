import type { HttpClient } from "@mbus-gateway/resource";
import { placeOfArea } from "./area.ts";
import { type DegreeDay, parseFeatureCollection } from "./feature_collection.ts";

/** DMI's parameter: the sum over a day of how far the mean temperature is below 17 °C. */
export const HEATING_DEGREE_DAYS = "acc_heating_degree_days_17";

/** DMI's climateData API; it takes known clients without a key. */
export const DMI_CLIMATE_DATA = "https://opendataapi.dmi.dk/v2/climateData";

/** Where degree days come from. */
export interface DegreeDaySource {
  /** {@linkcode DMI_CLIMATE_DATA} by default. */
  baseUrl?: string;
  /** Sent as `X-Gravitee-Api-Key` where the source wants one. */
  apiKey?: string;
}

/** What to fetch: the days from `from` to `to`, both included, as dates. */
export interface DegreeDayRequest extends DegreeDaySource {
  area: string;
  from: string;
  to: string;
  signal?: AbortSignal;
}

const PAGE_ROWS = 1000;
/** More pages than this are a source that does not end. */
const MAX_PAGES = 50;

/**
 * Fetches the heating degree days of an area, page by page.
 *
 * @throws {HttpError} for an answer outside 200–299 (429: too many requests); an Error for a slow one, a wrong one, or a
 * next page on another host: "Cannot …".
 */
export async function fetchDegreeDays(http: HttpClient, request: DegreeDayRequest): Promise<DegreeDay[]> {
  const { apiKey, signal } = request;
  const headers = { accept: "application/geo+json, application/json", ...(apiKey && { "x-gravitee-api-key": apiKey }) };
  const first = firstPage(request);
  const days: DegreeDay[] = [];
  let url = first;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { bytes } = await http.request("GET", url, { headers, signal });
    const { days: found, next } = parseFeatureCollection(new TextDecoder().decode(bytes), HEATING_DEGREE_DAYS);
    days.push(...found);
    if (next === null || found.length === 0) return days;
    url = nextPage(next, url, first);
  }
  throw new Error(`Cannot fetch degree days: ${first.origin} has more than ${MAX_PAGES} pages for ${request.area}`);
}

function firstPage({ baseUrl = DMI_CLIMATE_DATA, area, from, to }: DegreeDayRequest): URL {
  const { collection, query } = placeOfArea(area);
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/collections/${collection}/items`);
  url.search = new URLSearchParams({
    parameterId: HEATING_DEGREE_DAYS,
    timeResolution: "day",
    datetime: `${from}T00:00:00Z/${to}T23:59:59Z`,
    ...query,
    limit: String(PAGE_ROWS),
  }).toString();
  return url;
}

/** A key goes to the host that it was given for and to no other. */
function nextPage(next: string, current: URL, first: URL): URL {
  const url = URL.parse(next, current);
  if (url === null || url.origin !== first.origin) {
    throw new Error(`Cannot fetch degree days: the next page is at ${url?.origin ?? next}, not at ${first.origin}`);
  }
  return url;
}
