export * from "hono/html";
