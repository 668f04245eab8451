import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { timeTicks, valueAxis } from "../../../../server/http/dashboard/axis.ts";
import { Plot, type PlotPoint } from "../../../../server/http/dashboard/plot.tsx";

const START = Date.UTC(2026, 0, 31, 11, 0);

const points = (...values: number[]): PlotPoint[] =>
  values.map((value, index) => ({ time: new Date(START + index * 60_000), value }));

function draw(points: PlotPoint[], fromZero = true): string {
  return String(<Plot id="p" points={points} label="Power" unit="kW" fromZero={fromZero} />);
}

const numbersOf = (svg: string) => [...svg.matchAll(/d="([^"]*)"/g)].map((match) => match[1]).join(" ");

Deno.test("valueAxis() holds every value between round marks", () => {
  const labels = (values: number[], fromZero: boolean) => valueAxis(values, fromZero).ticks.map(({ label }) => label);
  assertEquals(labels([7.1, 9.2], true), ["0", "5", "10"]);
  assertEquals(labels([61.2, 66.4], false), ["60", "62", "64", "66", "68"]);
  assertEquals(labels([-1.4, 0.4], true), ["-1.5", "-1.0", "-0.5", "0.0", "0.5"]);
  assertEquals(labels([0.0312, 0.0318], false), ["0.0312", "0.0314", "0.0316", "0.0318"]);
  assertEquals(labels([0, 0], true), ["0.0", "0.5", "1.0"]);
  for (const values of [[5, 5], [-3, -3], [0, 0], [1e9, 1e9 + 1], [1e-9, 2e-9], [-5, 1e6]]) {
    for (const fromZero of [true, false]) {
      const { low, high, ticks } = valueAxis(values, fromZero);
      const slack = (high - low) * 1e-9;
      assert(low < high && low - slack <= Math.min(...values) && Math.max(...values) <= high + slack, `${values}`);
      assert(ticks.length >= 2 && ticks.length <= 8, `${values}: ${ticks.length} marks`);
      assert(new Set(ticks.map(({ label }) => label)).size === ticks.length, `${values}: ${JSON.stringify(ticks)}`);
    }
  }
});

Deno.test("timeTicks() are round times within, at most five, for seconds as for years", () => {
  for (const span of [10_000, 60_000, 3_600_000, 86_400_000, 40 * 86_400_000, 3000 * 86_400_000]) {
    const { times } = timeTicks(START + 1234, START + 1234 + span);
    assert(times.length >= 1 && times.length <= 5, `${span}: ${times.length}`);
    assert(times.every((time) => time >= START + 1234 && time <= START + 1234 + span));
  }
  assertEquals(timeTicks(START, START + 60_000).style, "seconds");
  assertEquals(timeTicks(START, START + 3_600_000).style, "minutes");
  assertEquals(timeTicks(START, START + 7 * 86_400_000).style, "day");
});

Deno.test("Plot() says in words what it shows", () => {
  const svg = draw(points(1, 3, 2));
  assertStringIncludes(svg, '<title id="p-title">Power in kW</title>');
  assertStringIncludes(svg, "3 readings from 2026-01-31 11:00:00 UTC to 2026-01-31 11:02:00 UTC");
  assertStringIncludes(svg, "lowest 1 kW, highest 3 kW, last 2 kW.");
  assertStringIncludes(svg, 'aria-labelledby="p-title p-desc"');
  assertStringIncludes(svg, 'data-points="3"');
});

Deno.test("Plot() draws within its picture, for one point, equal ones and negative ones", () => {
  for (const values of [[1], [2, 2, 2], [-5, 3, 0], [1e12, 1e12 + 1], [0]]) {
    const svg = draw(points(...values));
    assert(!svg.includes("NaN") && !svg.includes("Infinity"), svg);
    for (const [, x, y] of numbersOf(svg).matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)) {
      assert(Number(x) >= 0 && Number(x) <= 420 && Number(y) >= 0 && Number(y) <= 150, `${values}: ${x} ${y}`);
    }
  }
  assertMatch(draw([]), /No readings yet/);
});

Deno.test("Plot() breaks its line where readings are missing", () => {
  const lineOf = (svg: string) => /class="line" d="([^"]*)"/.exec(svg)?.[1] ?? "";
  const whole = points(1, 2, 3, 4, 5, 6);
  const later = whole.map(({ time, value }) => ({ time: new Date(time.getTime() + 60 * 60_000), value }));
  assertEquals(lineOf(draw(whole)).match(/M/g)?.length, 1);
  assertEquals(lineOf(draw([...whole, ...later])).match(/M/g)?.length, 2);
});

Deno.test("Plot() escapes what a meter or a person named", () => {
  const [label, unit] = ['<script>"', "<b>"];
  const svg = String(<Plot id="p" points={points(1)} label={label} unit={unit} fromZero />);
  assert(!svg.includes("<script>") && !svg.includes("<b>"));
});
