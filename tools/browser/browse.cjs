// Drives one Chromium by lines of JSON: a visit comes in on stdin, what was seen goes out on stdout.
"use strict";
const readline = require("node:readline");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"];

async function findings(page) {
  // Through the debugger, which the page's own policy does not bind: the policy stays in force for the page.
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}

async function look(page, wanted) {
  await page.setViewportSize({ width: wanted.width, height: wanted.height });
  await page.emulateMedia({ colorScheme: wanted.scheme, reducedMotion: "reduce", media: wanted.media || "screen" });
  const [across, wide] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  const axeSays = wanted.axe === false ? [] : await findings(page);
  if (wanted.picture) await page.screenshot({ path: wanted.picture, fullPage: wanted.whole !== false });
  return { scheme: wanted.scheme, width: wanted.width, axe: axeSays, sideways: across > wide ? across - wide : 0 };
}

async function act(page, step) {
  const [verb, target, value] = step;
  if (verb === "goto") await page.goto(target);
  else if (verb === "click") await page.click(target);
  else if (verb === "fill") await page.fill(target, value);
  else if (verb === "select") await page.selectOption(target, value);
  else if (verb === "press") await page.keyboard.press(target);
  else if (verb === "arrive") await page.waitForURL(target);
  else throw new Error(`no such step: ${verb}`);
  await page.waitForLoadState("load");
}

async function visit(browser, wanted) {
  const context = await browser.newContext({ locale: wanted.language || "ko-KR", viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(wanted.timeout_ms || 90000);
  const said = [], asked = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => asked.push(request.url()));
  try {
    if (wanted.cookies) await context.addCookies(wanted.cookies);
    const answer = await page.goto(wanted.url, { waitUntil: "load" });
    const status = answer ? answer.status() : 0;
    for (const step of wanted.steps || []) await act(page, step);
    const looks = [];
    for (const each of wanted.looks) looks.push(await look(page, each));
    return {
      status, looks, console: said, requests: asked, url: page.url(), title: await page.title(),
      language: await page.getAttribute("html", "lang"), text: await page.innerText("body"),
      focused: await page.evaluate(() => (document.activeElement ? document.activeElement.outerHTML.slice(0, 200) : "")),
      cookies: await context.cookies(),
    };
  } finally {
    await context.close();
  }
}

async function main() {
  const browser = await chromium.launch({ executablePath: process.argv[2], args: FLAGS, timeout: 150000 });
  console.log(JSON.stringify({ ready: browser.version() }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify({ seen: await visit(browser, JSON.parse(line)) }));
    } catch (error) {
      console.log(JSON.stringify({ fault: String(error.stack || error) }));
    }
  }
  await browser.close();
}

main().catch((error) => {
  console.log(JSON.stringify({ fault: String(error.stack || error) }));
  process.exit(1);
});
