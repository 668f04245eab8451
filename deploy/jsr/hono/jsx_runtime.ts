export * from "hono/jsx/jsx-runtime";
