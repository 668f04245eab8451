import { Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction } from "../db/mod.ts";
import { deleteMeterKey, listMeterKeys, putMeterKeys } from "../meter_keys/meter_key_store.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseBody, parseQuery } from "./door.ts";
import { Limit } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";

const MANUFACTURER = /^[A-Z]{3}$/;
const IDENTIFICATION = /^[0-9A-F]{8}$/;
const Key = v.pipe(v.string(), v.regex(/^[0-9A-Fa-f]{32}$/, "expected an AES-128 key of 32 hex digits"));

/**
 * `/api/v1/meter-keys/{manufacturer}/{identification}`: the keys of encrypted meters go in and never come out; the list
 * says which there are, with a fingerprint by which two are told apart. What waited for a key is decoded soon after.
 */
export function meterKeysApi({ database, keySecret }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const { after = "", limit } = parseQuery(c, {
      after: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3} [0-9A-F]{8}$/, "expected a meter: ELS 44493951"))),
      limit: Limit(100, 1000),
    });
    const tenantId = c.get("tenantId");
    const keys = await tenantTransaction(database, tenantId, (tx) => listMeterKeys(tx, { tenantId, after, limit }));
    const last = keys.length === limit ? keys.at(-1) : undefined;
    return c.json({ keys, next: last === undefined ? null : `${last.manufacturer} ${last.identification}` });
  });

  app.put("/:manufacturer/:identification", async (c) => {
    const owner = meterOf(c.req.param());
    const { key } = await parseBody(c, { key: Key });
    if (owner === null) {
      const expected = "three capital letters and eight hex digits, such as ELS/44493951";
      throw new Problem(400, "invalid", `Cannot keep key: the path names no meter, expected ${expected}`);
    }
    if (keySecret === null) {
      throw new Problem(
        409,
        "no_secret",
        "Cannot keep key: this server has no secret to seal it with; set METER_KEYS_SECRET_FILE and start it again",
      );
    }
    const tenantId = c.get("tenantId");
    await tenantTransaction(
      database,
      tenantId,
      (tx) => putMeterKeys(tx, keySecret, [{ tenantId, ...owner, key: Uint8Array.fromHex(key) }]),
    );
    return c.body(null, 204);
  });

  app.delete("/:manufacturer/:identification", async (c) => {
    const owner = meterOf(c.req.param());
    const tenantId = c.get("tenantId");
    const gone = owner !== null &&
      await tenantTransaction(database, tenantId, (tx) => deleteMeterKey(tx, { tenantId, ...owner }));
    if (!gone) throw notFound("Cannot delete key: there is none for this meter");
    return c.body(null, 204);
  });

  return app;
}

function meterOf({ manufacturer = "", identification = "" }: Record<string, string>) {
  const upper = identification.toUpperCase();
  return MANUFACTURER.test(manufacturer) && IDENTIFICATION.test(upper) ? { manufacturer, identification: upper } : null;
}
