import type { Log } from "@mbus-gateway/resource";
import { WireError } from "@mbus-gateway/wire";
import { HTTPException } from "@hono/hono/http-exception";
import { isConnectionLoss } from "../db/database.ts";
import { DatabaseError } from "../db/mod.ts";
import { IntakeFull } from "../ingest/mod.ts";
import { Problem } from "./problem.ts";

/** What a client is told of a thrown error: its own mistakes in full, ours in one sentence; the log has the rest. */
export function problemOf(thrown: unknown, log: Log): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof WireError) return new Problem(400, thrown.code, thrown.message);
  if (thrown instanceof HTTPException && thrown.status === 403) {
    return new Problem(403, "cross_site", "Cannot take request: it comes from another site's page");
  }
  if (thrown instanceof IntakeFull) return new Problem(503, "intake_full", thrown.message, { "retry-after": "30" });
  if (thrown instanceof DatabaseError || isConnectionLoss(thrown)) {
    log.error("Cannot answer a request: the database cannot be reached", { error: thrown });
    return new Problem(503, "database", "Cannot answer: the database cannot be reached now; try again in a moment", {
      "retry-after": "5",
    });
  }
  log.error("Cannot answer a request", { error: thrown });
  return new Problem(500, "internal", "Cannot answer: an unexpected error, described in the server's log");
}
