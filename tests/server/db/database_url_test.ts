import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { parseDatabaseUrl, placeOf } from "../../../server/db/database_url.ts";

Deno.test("parseDatabaseUrl() reads every part, percent-encoded or not", () => {
  assertEquals(parseDatabaseUrl("postgresql://mb%40us:p%2Fw@db.example.org:6432/met%20ers?sslrootcert=/etc/ca.crt"), {
    host: "db.example.org",
    port: 6432,
    socketFolder: null,
    user: "mb@us",
    password: "p/w",
    name: "met ers",
    tls: { ca: "/etc/ca.crt" },
  });
});

Deno.test("parseDatabaseUrl() goes in the clear on this machine only", () => {
  const tls = (rest: string) => parseDatabaseUrl(`postgres://mbus:x@${rest}`).tls;
  for (const here of ["127.0.0.1/m", "localhost:1/m", "[::1]/m", "localhost/m?host=/run/postgresql"]) {
    assertEquals(tls(here), null);
  }
  assertEquals(tls("localhost/m?sslmode=verify-full&sslrootcert=system"), { ca: null });
  assertEquals(tls("db.example.org/m"), { ca: null });
  for (const mode of ["disable", "prefer", "require", "verify-ca"]) {
    assertThrows(() => tls(`db.example.org/m?sslmode=${mode}`), ConfigurationError, "expected verify-full");
  }
  assertThrows(() => tls("127.0.0.1.example.org/m?sslmode=disable"), ConfigurationError);
});

Deno.test("parseDatabaseUrl() says what is wrong, and never the password", () => {
  const cases: Record<string, string> = {
    "": "not of the form",
    "mysql://mbus:secret@localhost/m": "not of the form",
    "postgres://mbus:secret@localhost:port/m": "not of the form",
    "postgres://localhost/m": "names no user",
    "postgres://mbus:5432secret@/m": "not of the form",
    "postgres:/mbus:secret@localhost/m": "names no user",
    "postgres://mbus:secret@localhost": "names no database",
    "postgres://mbus:secret@localhost/a/b": "names no database",
    "postgres://mbus:secret@one,two/m": "exactly one host",
    "postgres://mbus:secret@localhost/m?host=run": "not the absolute path",
    "postgres://mbus:secret@localhost/m?ssl_mode=disable": '"ssl_mode" is not one of host, sslmode, sslrootcert',
  };
  for (const [url, why] of Object.entries(cases)) {
    const { message } = assertThrows(() => parseDatabaseUrl(url), ConfigurationError, why);
    assertFalse(message.includes("secret"), message);
  }
});

Deno.test("placeOf() names the place without user and password", () => {
  const place = (url: string) => placeOf(parseDatabaseUrl(url));
  assertEquals(place("postgres://mbus:secret@localhost/m"), "m at localhost:5432");
  assertEquals(place("postgres://mbus:secret@[::1]:1/m"), "m at [::1]:1");
  assertEquals(place("postgres://mbus:secret@localhost/m?host=/run/postgresql"), "m at /run/postgresql");
});
