// Visits pages with Chromium as travellers would, and says what it saw. Reads a list of visits as JSON from standard
// input, each with a browser of its own kind, and writes a list of what was seen as JSON:
//
//   { url, scripts: false, dark: false, width: 360, slow: false, press: "extend", axe: false, picture: "x.png" }
//   { status, title, text, lang, bytes, requests, overflow, buttons: [{value, text, width, height}], faults: [] }
//
// `press` is the value of the button to press; what is seen is then the page after it. `axe` looks for breaches of WCAG
// 2.2 AA, and needs scripts. `bytes` is the size of the last page's body; `overflow` how much wider than the window it
// is. Chromium is the Debian package's, or the one that ROAMGUARD_CHROMIUM names.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const need = createRequire(new URL("../npm/package.json", import.meta.url));
const { chromium } = need("playwright-core");
const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// A phone on a poor foreign network: 50 kB/s and 400 ms away.
const poor = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 20_000 };

async function throttle(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", poor);
}

async function buttons(page) {
  const seen = [];
  for (const one of await page.getByRole("button").all()) {
    const { width, height } = await one.boundingBox();
    seen.push({ value: await one.getAttribute("value"), text: await one.innerText(), width, height });
  }
  return seen;
}

async function faults(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => axe.run({ runOnly: tags }), rules);
  return found.violations.map((one) => `${one.id}: ${one.help} ${one.nodes.map((node) => node.html).join(" ")}`);
}

async function visit(browser, wish) {
  const context = await browser.newContext({
    javaScriptEnabled: wish.scripts ?? false,
    colorScheme: wish.dark ? "dark" : "light",
    viewport: { width: wish.width ?? 360, height: 740 },
  });
  const page = await context.newPage();
  let requests = 0;
  page.on("request", () => (requests += 1));
  if (wish.slow) await throttle(page);
  let response = await page.goto(wish.url);
  if (wish.press) {
    const pressed = page.waitForNavigation();
    await page.locator(`button[value="${wish.press}"]`).click();
    response = await pressed;
  }
  const root = page.locator("html");
  const seen = {
    status: response.status(),
    title: await page.title(),
    text: await page.locator("main").innerText(),
    lang: await root.getAttribute("lang"),
    bytes: (await response.body()).length,
    requests,
    overflow: (await page.locator("main").evaluate((main) => main.scrollWidth)) - (wish.width ?? 360),
    buttons: await buttons(page),
    faults: wish.axe ? await faults(page) : [],
  };
  if (wish.picture) await page.screenshot({ path: wish.picture, fullPage: true });
  await context.close();
  return seen;
}

const browser = await chromium.launch({
  executablePath: process.env.ROAMGUARD_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const seen = [];
for (const wish of JSON.parse(readFileSync(0, "utf8"))) seen.push(await visit(browser, wish));
await browser.close();
console.log(JSON.stringify(seen));
