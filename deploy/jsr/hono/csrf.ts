export * from "hono/csrf";
