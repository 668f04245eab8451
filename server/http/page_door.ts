import { createMiddleware } from "@hono/hono/factory";
import { isDemoRequest } from "./demo_sign_in.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { unauthorized } from "./problem.ts";
import { findSession } from "./session.ts";

/** The tenant of the demo. */
const DEFAULT_TENANT = 1;

/** Lets in who has a session, or the demo on its own machine; sends others to the sign-in page. */
export function pageDoor({ database, demoSignIn, now }: HttpDeps) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const isDemo = isDemoRequest(c, demoSignIn);
    const tenantId = isDemo ? DEFAULT_TENANT : await findSession(c, database, now());
    if (tenantId === null) {
      if (c.req.path.startsWith("/fragments/")) throw unauthorized("Cannot show: sign in first");
      return c.redirect("/sign-in", 303);
    }
    c.set("tenantId", tenantId);
    c.set("demo", isDemo && demoSignIn !== null ? demoSignIn : "");
    c.header("cache-control", "no-store");
    return await next();
  });
}
