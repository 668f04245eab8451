import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { abortable, deadline, delay } from "@std/async";
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";

// An assertion library cannot vouch for itself: these checks are node:assert's.

Deno.test("equal() tells content apart as the standard library does", () => {
  const same: [unknown, unknown][] = [
    [0, -0],
    [NaN, NaN],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
    [new Set([1, "a"]), new Set(["a", 1])],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
  ];
  const different: [unknown, unknown][] = [
    [1, "1"],
    [null, undefined],
    [{ a: undefined }, {}],
    [[1, 2], [1, 2, 3]],
    [[], {}],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [Uint8Array.of(1), [1]],
    [new Date(5), new Date(6)],
    [new class A {}(), new class B {}()],
    [1n, 1],
  ];
  for (const [a, b] of same) {
    strictEqual(equal(a, b), true, Deno.inspect([a, b]));
  }
  for (const [a, b] of different) {
    strictEqual(equal(a, b), false, Deno.inspect([a, b]));
  }
  const [round, ring]: [unknown[], unknown[]] = [[], []];
  round.push(round);
  ring.push(ring);
  strictEqual(equal(round, ring), true);
});

Deno.test("each assertion passes on what it asserts and throws AssertionError on the contrary", () => {
  const pairs: [passes: () => unknown, fails: () => unknown][] = [
    [() => assert(1), () => assert("")],
    [() => assertFalse(0), () => assertFalse(1)],
    [
      () => assertEquals({ a: 1 }, { a: 1 }),
      () => assertEquals({ a: 1 }, { a: 2 }),
    ],
    [() => assertNotEquals([1], [2]), () => assertNotEquals([1], [1])],
    [() => assertStrictEquals("a", "a"), () => assertStrictEquals([1], [1])],
    [() => assertExists(0), () => assertExists(null)],
    [() => assertInstanceOf([], Array), () => assertInstanceOf({}, Array)],
    [
      () => assertStringIncludes("abc", "b"),
      () => assertStringIncludes("abc", "d"),
    ],
    [() => assertMatch("abc", /b/), () => assertMatch("abc", /d/)],
    [() => assertNotMatch("abc", /d/), () => assertNotMatch("abc", /b/)],
    [() => assertGreater(2, 1), () => assertGreater(1, 1)],
    [() => assertGreaterOrEqual(1, 1), () => assertGreaterOrEqual(0, 1)],
    [() => assertLess(1, 2), () => assertLess(1, 1)],
    [() => assertLessOrEqual(1, 1), () => assertLessOrEqual(2, 1)],
    [
      () => assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]),
      () => assertArrayIncludes([1], [1, 2]),
    ],
    [
      () =>
        assertObjectMatch({ a: { b: 1, c: 2 }, d: [{ e: 1, f: 2 }] }, {
          a: { b: 1 },
          d: [{ e: 1 }],
        }),
      () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }),
    ],
    [
      () => assertObjectMatch({ a: undefined }, { a: undefined }),
      () => assertObjectMatch({}, { a: undefined }),
    ],
    [
      () => assertAlmostEquals(0.1 + 0.2, 0.3),
      () => assertAlmostEquals(1, 1.1),
    ],
    [
      () => assertAlmostEquals(1, 1.1, 0.2),
      () => assertAlmostEquals(NaN, 1, 5),
    ],
    [() => {}, () => fail("no")],
    [() => {}, () => unreachable()],
  ];
  for (const [passes, fails] of pairs) {
    passes();
    throws(fails, AssertionError, String(fails));
  }
  throws(() => assertEquals(1, 2, "the reason"), /the reason/);
  throws(() => assertEquals({ a: [1, 2] }, { a: [1, 3] }), /3/);
});

Deno.test("assertThrows() returns the error, and fails on none, another class or another text", () => {
  const bad = () => {
    throw new RangeError("Cannot read frame");
  };
  const error: RangeError = assertThrows(bad, RangeError, "read");
  strictEqual(error.message, "Cannot read frame");
  strictEqual((assertThrows(bad) as Error).name, "RangeError");
  throws(() => assertThrows(() => {}), AssertionError);
  throws(() => assertThrows(bad, TypeError), AssertionError);
  throws(() => assertThrows(bad, RangeError, "write"), AssertionError);
  throws(() =>
    assertThrows(() => {
      throw "text";
    }, Error), AssertionError);
});

Deno.test("assertRejects() resolves to the reason, and fails on fulfilment or a synchronous throw", async () => {
  const error: TypeError = await assertRejects(
    () => Promise.reject(new TypeError("no")),
    TypeError,
    "no",
  );
  strictEqual(error.message, "no");
  strictEqual(await assertRejects(() => Promise.reject(7)), 7);
  const failures = [
    () => assertRejects(() => Promise.resolve()),
    () => assertRejects(() => Promise.reject(new Error("a")), TypeError),
    () => assertRejects(() => Promise.reject(new Error("a")), Error, "b"),
    () =>
      assertRejects(() => {
        throw new Error("at once");
      }),
  ];
  for (const failure of failures) {
    const outcome = await failure().then(
      () => null,
      (reason: unknown) => reason,
    );
    strictEqual(outcome instanceof AssertionError, true, String(failure));
  }
});

const reasonOf = (promise: Promise<unknown>) => promise.then(() => "fulfilled", (reason: unknown) => reason);

Deno.test("delay() resolves, and rejects with the signal's reason and no timer left", async () => {
  strictEqual(await delay(1), undefined);
  strictEqual(
    await reasonOf(delay(60_000, { signal: AbortSignal.abort("before") })),
    "before",
  );
  const controller = new AbortController();
  const waiting = reasonOf(delay(60_000, { signal: controller.signal }));
  controller.abort("during");
  strictEqual(await waiting, "during");
});

Deno.test("deadline() passes the promise on, times out, and obeys its signal", async () => {
  strictEqual(await deadline(Promise.resolve(5), 60_000), 5);
  strictEqual(await deadline(Promise.resolve(5), Infinity), 5);
  strictEqual(await reasonOf(deadline(Promise.reject("own"), 60_000)), "own");
  const late = await reasonOf(
    deadline(new Promise(() => {}), 1),
  ) as DOMException;
  strictEqual(late.name, "TimeoutError");
  const controller = new AbortController();
  const waiting = reasonOf(
    deadline(new Promise(() => {}), 60_000, { signal: controller.signal }),
  );
  controller.abort("stop");
  strictEqual(await waiting, "stop");
});

Deno.test("abortable() ends a promise and an iterable with the signal's reason", async () => {
  const { signal } = new AbortController();
  strictEqual(await abortable(Promise.resolve(5), signal), 5);
  strictEqual(
    await reasonOf(abortable(new Promise(() => {}), AbortSignal.abort("gone"))),
    "gone",
  );
  async function* numbers() {
    yield 1;
    yield 2;
    await new Promise(() => {});
  }
  const controller = new AbortController();
  const seen: number[] = [];
  const reading = reasonOf((async () => {
    for await (const number of abortable(numbers(), controller.signal)) {
      seen.push(number);
      if (number === 2) queueMicrotask(() => controller.abort("enough"));
    }
  })());
  strictEqual(await reading, "enough");
  deepStrictEqual(seen, [1, 2]);
});
