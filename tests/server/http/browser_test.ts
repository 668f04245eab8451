import { assert, assertEquals, assertMatch } from "@std/assert";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findProgram, needs } from "../../fixtures/needs.ts";
import { until } from "../../fixtures/until.ts";
import { simulatedReadings } from "./simulated_readings.ts";
import { type Site, site, TOKEN } from "./site.ts";

const SECRET = "a-secret-of-one-start";

/** The app on a port of its own, and a browser that notes what it complains about and whom it asks. */
async function visit(at: Site, options: BrowserContextOptions = {}) {
  const stack = new AsyncDisposableStack();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, at.app.fetch);
  stack.defer(() => server.shutdown());
  const executablePath = findProgram("chromium") ?? undefined;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  stack.defer(() => browser.close());
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    timezoneId: "Europe/Copenhagen",
    ...options,
  });
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  const host = `127.0.0.1:${server.addr.port}`;
  return { page, host, origin: `http://${host}`, complaints, hosts, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const pointsOf = (page: Page) =>
  page.locator(".card .plot").evaluateAll((plots) => plots.map((plot) => plot.getAttribute("data-points")));

/** A picture for a person, where SCREENSHOTS names a folder. */
async function picture(page: Page, name: string) {
  const folder = Deno.env.get("SCREENSHOTS");
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

Deno.test({
  name: "The page shows each meter, and its plots grow as readings come, without a word from the console",
  ...needs("chromium"),
  async fn() {
    await using at = await site({ demoSignIn: SECRET, now: () => new Date() });
    const start = Date.UTC(2026, 0, 31, 11, 0);
    const meters = simulatedReadings(at.ingest, start);
    await meters.readAt(Array.from({ length: 40 }, (_, index) => start + index * 20_000));
    await using visitor = await visit(at);
    const { page } = visitor;
    await page.goto(`${visitor.origin}/?demo=${SECRET}`);
    await page.locator(".card").first().waitFor();
    assertEquals(await pointsOf(page), Array(6).fill("40"));
    const kinds = await page.locator(".card h2").allInnerTexts();
    assertEquals(kinds.toSorted(), [
      "Cold water",
      "Electricity",
      "Heat",
      "Heat and cooling",
      "Heat-cost allocator",
      "Warm water",
    ]);
    const heat = page.locator(".card", { has: page.getByRole("heading", { name: "Heat", exact: true }) });
    assertMatch(await heat.locator(".main-value").innerText(), /Energy\s+[\d\u202f.]+ kWh/);
    assertMatch(await heat.locator(".main-value data").getAttribute("title") ?? "", /exactly: \d+ Wh$/);
    assert(await page.getByRole("img", { name: "Power in kW" }).count() >= 2);
    await picture(page, "overview");

    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(`document.activeElement.id`);
    await meters.readAt([start + 40 * 20_000, start + 41 * 20_000]);
    await until("the plots have grown", async () => (await pointsOf(page)).every((points) => points === "42"));
    assertMatch(String(focused), /^meter-\d+-link$/);
    assertEquals(await page.evaluate(`document.activeElement.id`), focused);

    await page.keyboard.press("Enter");
    await page.getByRole("table", { name: "Latest values" }).waitFor();
    await page.getByLabel("over").selectOption("all");
    await page.waitForURL(/period=all/);
    assert((await page.locator("svg.plot").getAttribute("data-points")) === "42");
    assertMatch(page.url(), new RegExp(`demo=${SECRET}`));
    await picture(page, "meter");
    assertEquals(visitor.complaints, []);
    assertEquals([...visitor.hosts], [visitor.host]);
  },
});

Deno.test({
  name: "The page works on a small dark screen without scripts, in UTC, after signing in with an API token",
  ...needs("chromium"),
  async fn() {
    await using at = await site();
    await using visitor = await visit(at, {
      javaScriptEnabled: false,
      colorScheme: "dark",
      viewport: { width: 390, height: 800 },
    });
    const { page } = visitor;
    await page.goto(`${visitor.origin}/`);
    await picture(page, "sign-in");
    await page.getByLabel("API token").fill(TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "No readings yet" }).waitFor();
    await picture(page, "empty");
    const start = Date.UTC(2026, 0, 31, 11, 0);
    await simulatedReadings(at.ingest, start).readAt([start, start + 60_000, start + 120_000]);
    // The page comes again by itself.
    await page.locator(".card").first().waitFor();
    assertEquals(await page.locator(".card .when time").first().innerText(), "2026-01-31 11:02:00 UTC");
    const [wide, seen] = await page.locator("main").evaluate((main) => [main.scrollWidth, main.clientWidth]);
    assert((wide ?? 0) <= (seen ?? 0), "nothing sticks out sideways");
    await picture(page, "small");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assertEquals(visitor.complaints, []);
    assertEquals([...visitor.hosts], [visitor.host]);
  },
});
