export * from "hono/validator";
