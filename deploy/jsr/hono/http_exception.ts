export * from "hono/http-exception";
