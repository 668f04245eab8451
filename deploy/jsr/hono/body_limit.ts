export * from "hono/body-limit";
