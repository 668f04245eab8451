import { assertEquals, assertThrows } from "@std/assert";
import { allowWords, ConfigurationError, hostAndPort } from "@mbus-gateway/resource";

Deno.test("allowWords() joins what is there once, and says nothing for nothing", () => {
  assertEquals(allowWords("read", ["/a", null, "/b", undefined, "/a"]), ["--allow-read=/a,/b"]);
  assertEquals(allowWords("write", [null]), []);
});

Deno.test("allowWords() refuses what a shell or Deno would split or expand", () => {
  for (const value of ["/a b", "/a,b", "/a'b", '/a"b', "/a*", "/$HOME", "/a\\b", "/a`b`"]) {
    assertThrows(() => allowWords("read", [value]), ConfigurationError, "command line");
  }
});

Deno.test("hostAndPort() takes the port of the scheme where the URL names none", () => {
  assertEquals(
    ["mqtts://b.example.org", "mqtt://127.0.0.1", "https://p.example.org/x", "http://[::1]:81"].map(hostAndPort),
    ["b.example.org:8883", "127.0.0.1:1883", "p.example.org:443", "[::1]:81"],
  );
});
