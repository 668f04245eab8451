import { Hono } from "@hono/hono";
import { createHash } from "node:crypto";
import icon from "./assets/icon.svg" with { type: "text" };
import live from "./assets/live.js" with { type: "text" };
import style from "./assets/style.css" with { type: "text" };

interface Asset {
  text: string;
  type: string;
  hash: string;
}

function asset(text: string, type: string): Asset {
  return { text, type, hash: createHash("sha256").update(text).digest("base64url").slice(0, 16) };
}

const ASSETS = {
  "style.css": asset(style, "text/css; charset=utf-8"),
  "live.js": asset(live, "text/javascript; charset=utf-8"),
  "icon.svg": asset(icon, "image/svg+xml"),
} as const;

/** An asset's address with the hash of its content, so that a browser may keep it for ever. */
export function assetUrl(name: keyof typeof ASSETS): string {
  return `/assets/${name}?v=${ASSETS[name].hash}`;
}

/** What the pages need, from this program itself: no other host is asked for anything. */
export function assets(): Hono {
  const app = new Hono();
  for (const [name, { text, type, hash }] of Object.entries(ASSETS)) {
    app.get(`/assets/${name}`, (c) => {
      const isThis = c.req.query("v") === hash;
      return c.body(text, 200, {
        "content-type": type,
        "cache-control": isThis ? "public, max-age=31536000, immutable" : "no-cache",
      });
    });
  }
  return app;
}
