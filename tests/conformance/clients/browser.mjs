// A browser that does what it is told, a line of JSON each: {"do": verb, …}; it answers {"ok": true, "value": …} or
// {"ok": false, "error": …}. What the pages complain of is kept for "complaints".
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 120_000;
// The server's own refusals are told to the page; the browser writes each of them to its console beside that.
const EXPECTED = /Failed to load resource: the server responded with a status of (401|403|404|400)/;

const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox", "--disable-gpu"] });
let context, page, complaints, requests;
let held = [];

const named = (kind, name, exact, within = "body") => page.locator(within).getByRole(kind, { name, exact }).filter({ visible: true }).first();

const verbs = {
  async open({ width = 1200, height = 800, locale = "en-GB", dark = false, zone = "Europe/Paris" }) {
    await context?.close();
    context = await browser.newContext({
      viewport: { width, height }, locale, timezoneId: zone, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", acceptDownloads: true, ignoreHTTPSErrors: true,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    page = await context.newPage();
    complaints = [];
    requests = [];
    page.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !EXPECTED.test(m.text())) complaints.push(m.text()); });
    page.on("pageerror", (e) => complaints.push(String(e.stack)));
    page.on("request", (r) => requests.push(`${r.method()} ${new URL(r.url()).pathname}`));
    page.on("dialog", (d) => { complaints.push(`dialog: ${d.message()}`); d.dismiss(); });
  },
  goto: ({ url }) => page.goto(url),
  hash: ({ hash }) => page.evaluate((h) => { location.hash = h; }, hash),
  reload: () => page.reload(),
  address: () => page.url(),
  title: () => page.title(),
  see: ({ text, within = "body" }) => page.locator(within).getByText(text).filter({ visible: true }).first().waitFor(),
  gone: ({ text, within = "body" }) => page.locator(within).getByText(text).filter({ visible: true }).first().waitFor({ state: "hidden" }),
  there: ({ selector }) => page.locator(selector).first().waitFor(),
  click: ({ kind, name, exact = true, within }) => named(kind, name, exact, within).click(),
  async unfold({ summary }) {
    const line = page.locator("summary").getByText(summary, { exact: true }).first();
    await line.waitFor();
    await line.evaluate((node) => { node.closest("details").open = true; });
  },
  fill: ({ label, value, within = "body" }) => page.locator(within).getByLabel(label, { exact: true }).filter({ visible: true }).first().fill(value),
  choose: ({ label, value, within = "body" }) => named("combobox", label, true, within).selectOption(value),
  check: ({ label, on = true }) => page.getByLabel(label, { exact: true }).filter({ visible: true }).first().setChecked(on),
  upload: ({ selector, path }) => page.locator(selector).first().setInputFiles(path),
  press: ({ key }) => page.keyboard.press(key),
  type: ({ text }) => page.keyboard.type(text),
  focused: () => page.evaluate(() => document.activeElement.innerText || document.activeElement.name || document.activeElement.tagName),
  texts: ({ selector }) => page.locator(selector).allInnerTexts(),
  count: ({ selector }) => page.locator(selector).count(),
  value: ({ selector }) => page.locator(selector).first().inputValue(),
  run: ({ code }) => page.evaluate(code),
  clock: async ({ now }) => page.clock.install({ time: now }),
  forward: async ({ ms }) => page.clock.runFor(ms),
  requests: () => requests,
  // Answers of the API that are kept back until they are released, as by a platform that is slow.
  async hold({ below }) {
    held = [];
    await page.route(`**${below}**`, (route) => { held.push(route); });
  },
  held: () => held.length,
  async release() {
    await page.unrouteAll();
    // The page has given up some of them by now.
    for (const route of held.splice(0)) await route.continue().catch(() => {});
  },
  // What is read at that path says this from now on.
  instead: ({ path, body }) => page.route((url) => url.pathname === path, (route) => (route.request().method() === "GET" ? route.fulfill({ json: body }) : route.continue())),
  // As behind a gateway that puts the name of a stage before every path.
  below: ({ prefix }) => page.route(`**/${prefix}/**`, async (route) => route.fulfill({ response: await route.fetch({ url: route.request().url().replace(`/${prefix}/`, "/") }) })),
  complaints: () => complaints,
  // How many points of the curve are drawn: not transparent, in another colour than the grid's.
  drawn: () => page.evaluate(() => {
    const canvas = document.querySelector(".plot canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 60) found += 1;
    return found;
  }),
  async download({ kind, name }) {
    const [file] = await Promise.all([page.waitForEvent("download"), named(kind, name, true).click()]);
    return readFileSync(await file.path(), "utf8");
  },
  async axe() {
    const session = await context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe });
    await session.detach();
    const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 300)).join(" | ")}`);
  },
  // Whether the page is wider than its window: then one has to scroll sideways.
  wide: () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  shot: ({ path, full = false }) => page.screenshot({ path, fullPage: full, animations: "disabled" }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: verb, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, value: (await verbs[verb](rest)) ?? null };
  } catch (error) {
    const shown = await page?.locator("body").innerText().catch(() => "");
    answer = { ok: false, error: `${error.message}\n--- the page shows:\n${(shown ?? "").slice(0, 3000)}\n--- complaints: ${JSON.stringify(complaints)}` };
  }
  process.stdout.write(`${JSON.stringify(answer, (_, value) => (value && typeof value === "object" && "_guid" in value ? null : value))}\n`);
}
await browser.close();
