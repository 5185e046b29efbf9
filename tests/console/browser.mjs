// Chromium, and everything that it complains about while our pages are open: each complaint is a failure.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PATIENCE_SECS } from "./running.mjs";

const { CHROMIUM, MODULES, SCREENSHOTS } = process.env;
const require = createRequire(join(MODULES, "package.json"));
const { chromium } = require("playwright-core");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
// The login page of the provider asks for a stylesheet there; nothing of a test leaves this machine.
const STYLE_OF_PROVIDER = "https://cdn.jsdelivr.net/**";
// What the browser says when a test goes on, resizes or closes before one page has faded into the next; no script of ours fades.
const CUT_SHORT = /^(AbortError: Transition was skipped|InvalidStateError: Transition was aborted because of invalid state)/;

/** Everything that went wrong. */
export const trouble = [];
/** axe, as a script for a page. */
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** Adds up what moves without anybody having touched it, and keeps what moved. */
const countShifts = () => {
  window.shifts = { sum: 0, what: [] };
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries().filter((one) => !one.hadRecentInput)) {
      window.shifts.sum += shift.value;
      for (const { node } of shift.sources) window.shifts.what.push(node?.parentElement?.outerHTML.slice(0, 120) ?? "what is gone");
    }
  }).observe({ type: "layout-shift", buffered: true });
};

/** An error, a blocked script, a dialog, and a request to another host; only pages of others to log in at may do as they like. */
const watch = (page, sando) => {
  const isOurs = (url) => url.startsWith(`${sando.url}/`);
  const isTheirs = (url) => sando.others.some((other) => url.startsWith(`${other}/`));
  page.on("pageerror", (error) => {
    if (!CUT_SHORT.test(`${error}`)) trouble.push(`${page.url()}: ${error}`);
  });
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || isTheirs(page.url())) return;
    // A page that says there is nothing, or what is wrong with a form, is a page of ours: the browser complains about its status.
    const isOfPage = message.location().url === page.url().split("#")[0];
    if (isOfPage && /status of (404|422)/.test(message.text())) return;
    trouble.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (isOurs(request.url())) return;
    const is = request.isNavigationRequest() ? request.url() : request.frame().url();
    if (!isTheirs(is)) trouble.push(`${page.url()} asks ${request.url()}`);
  });
  page.on("dialog", (dialog) => { trouble.push(`${page.url()}: dialog ${dialog.message()}`); dialog.dismiss(); });
};

/** A browser of somebody: its cookies are its own, and every page and window of it is watched. */
export const somebody = async (browser, sando, options = {}) => {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_SECS * 1000);
  context.on("page", (page) => watch(page, sando));
  await context.addInitScript(countShifts);
  await context.route(STYLE_OF_PROVIDER, (route) => route.fulfill({ contentType: "text/css", body: "" }));
  return context;
};

/** The sentence that a page begins with, once the page takes keys and follows what is typed. */
export const verdict = async (page) => {
  const said = await page.locator("h1").innerText();
  await page.waitForLoadState();
  return said;
};

/** Waits for the page to say it by itself. */
export const says = (page, text) => page.getByText(text).first().waitFor({ timeout: PATIENCE_SECS * 1000 });

/** Presses a button. */
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** What was on every screen when something went wrong. */
export const lastPictures = async (browser) => {
  for (const [number, page] of browser.contexts().flatMap((one) => one.pages()).entries()) {
    console.error(`open: ${page.url()}`);
    await page.screenshot({ path: join(SCREENSHOTS, `failed-${number}.png`) }).catch(() => {});
  }
};
