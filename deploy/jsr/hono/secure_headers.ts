export * from "hono/secure-headers";
