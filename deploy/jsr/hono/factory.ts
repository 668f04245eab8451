export * from "hono/factory";
