import type { Log } from "@mbus-gateway/resource";
import type { Database } from "../db/mod.ts";
import type { Ingest, IngestCounts } from "../ingest/mod.ts";
import type { KeySecret } from "../meter_keys/sealed_key.ts";

/** What the web side of the server works with. */
export interface AppDeps {
  database: Database;
  ingest: Ingest["ingest"];
  /** What this process took in since its start; told under `/api/v1/status`. */
  counts?: Readonly<IngestCounts>;
  now?: () => Date;
  /**
   * The demo's secret: `/?demo=SECRET` shows the pages of the tenant `default` without signing in, on this machine
   * alone. Null or absent: there is no such way in.
   */
  demoSignIn?: string | null;
  /** What meter keys are sealed under; null: none can be kept. */
  keySecret?: KeySecret | null;
  log?: Log;
}

/** {@linkcode AppDeps} with its defaults filled in. */
export type HttpDeps = Required<AppDeps>;

/** Who asks, as the doors in `api_door.ts`, `gateway_door.ts` and `page_door.ts` found out. */
export interface HttpEnv {
  Variables: {
    /** Whose rows the request may see. */
    tenantId: number;
    /** The gateway that the token belongs to; set by the gateways' door alone. */
    gateway: string;
    /** What links of a page carry on: "" or the demo's secret. */
    demo: string;
  };
}
