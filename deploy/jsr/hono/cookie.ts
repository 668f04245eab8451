export * from "hono/cookie";
