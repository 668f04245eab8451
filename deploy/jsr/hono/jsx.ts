export * from "hono/jsx";
