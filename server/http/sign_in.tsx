import { Hono } from "@hono/hono";
import { findApiToken } from "./api_door.ts";
import type { HttpDeps } from "./deps.ts";
import { page } from "./dashboard/layout.tsx";
import { limitBody } from "./door.ts";
import { beginSession, endSession, findSession } from "./session.ts";

/** Signing in with an API token, and out again. */
export function signIn({ database, now }: HttpDeps): Hono {
  const app = new Hono();

  app.get("/sign-in", async (c) => {
    c.header("cache-control", "no-store");
    if (await findSession(c, database, now()) !== null) return c.redirect("/", 303);
    return c.html(signInPage(null));
  });

  app.post("/sign-in", limitBody(4096), async (c) => {
    c.header("cache-control", "no-store");
    const { token } = await c.req.parseBody();
    const found = typeof token === "string" ? await findApiToken(database, token.trim()) : null;
    if (found === null) {
      return c.html(signInPage("Cannot sign in: there is no such API token, or it was revoked."), 401);
    }
    await beginSession(c, database, found, now());
    return c.redirect("/", 303);
  });

  app.post("/sign-out", limitBody(4096), async (c) => {
    await endSession(c, database, now());
    return c.redirect("/sign-in", 303);
  });

  return app;
}

function signInPage(problem: string | null) {
  return page({
    title: "Sign in",
    children: (
      <section class="sign-in">
        <h1>Sign in</h1>
        <form method="post" action="/sign-in">
          {problem === null ? null : <p class="problem" role="alert">{problem}</p>}
          <label for="token">API token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby="token-help"
          />
          <p id="token-help" class="help">
            It begins with <code>mbg_</code>. At its first start the server writes one to the file{" "}
            <code>admin.token</code> in its data folder.
          </p>
          <button type="submit">Sign in</button>
        </form>
      </section>
    ),
  });
}
