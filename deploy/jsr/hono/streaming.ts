export * from "hono/streaming";
