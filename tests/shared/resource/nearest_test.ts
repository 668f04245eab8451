import { assertEquals } from "@std/assert";
import { nearest } from "@mbus-gateway/resource";

const verbs = ["gateway", "serve", "demo", "decode", "flags"];

Deno.test("nearest() finds the word that was meant", () => {
  const typed = ["gatway", "gatewya", "serv", "dmeo", "decde", "flag"];
  assertEquals(typed.map((word) => nearest(word, verbs)), ["gateway", "gateway", "serve", "demo", "decode", "flags"]);
});

Deno.test("nearest() guesses nothing from a word that is far from all", () => {
  assertEquals(nearest("xyzzy", verbs), null);
  assertEquals(nearest("", verbs), null);
});
