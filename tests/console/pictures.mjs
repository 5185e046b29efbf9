// Pictures of pages at two widths in both schemes; axe looks at each, also at how large what is pressed is, nothing is too wide,
// and no markup from outside ran.
import assert from "node:assert/strict";
import { join } from "node:path";
import { axe, trouble } from "./browser.mjs";

const { SCREENSHOTS } = process.env;
const SIZES = [[1440, 900], [360, 800]];
const SCHEMES = ["light", "dark"];
const LARGEST_PAGE = 100_000;
const LARGEST_HTML = 30_000;
const LARGEST_ASSETS = 250_000;
let checks = 0;

/** How many pages were looked at. */
export const looked = () => checks;

/** Looks at a page as it is now. */
export const look = async (page, name, scheme) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run({ resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }));
  for (const one of found.violations) {
    trouble.push(`${name} (${scheme}): axe ${one.id}: ${one.nodes.map((node) => node.target).join("; ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) trouble.push(`${name} (${scheme}): ${wide} px too wide`);
  if (await page.evaluate(() => window.ran)) trouble.push(`${name}: markup from outside ran`);
  checks += 1;
};

const each = async (page, what) => {
  for (const [width, height] of SIZES) {
    for (const scheme of SCHEMES) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await what(width, scheme);
    }
  }
};

/** From its top, wherever it was scrolled to: what stays beside a page would be drawn in its middle. */
const shot = async (page, name, width, scheme) => {
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${scheme}.png`), fullPage: true });
};

/** What moved since the page was asked for, without anybody having touched it. */
const stood = async (page, name) => {
  const { sum, what } = await page.evaluate(() => window.shifts);
  if (sum > 0) trouble.push(`${name}: moved by itself (${sum}): ${what.join("; ")}`);
};

/** Pictures of a page that cannot be asked for again, as it is now. */
export const picture = async (page, name) => {
  await each(page, async (width, scheme) => {
    await look(page, `${name} ${width}`, scheme);
    await shot(page, name, width, scheme);
  });
  await page.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] });
  await page.emulateMedia({ colorScheme: SCHEMES[0], reducedMotion: "reduce" });
};

/** Pictures of pages by their addresses, each with the status that it has. */
export const pictures = async (context, sando, pages) => {
  const page = await context.newPage();
  await each(page, async (width, scheme) => {
    for (const [name, path, status = 200] of pages) {
      const answer = await page.goto(sando.url + path);
      assert.equal(answer.status(), status, `${path}: ${answer.status()}`);
      await look(page, `${name} ${width}`, scheme);
      await stood(page, `${name} ${width} (${scheme})`);
      await shot(page, name, width, scheme);
    }
  });
  await page.close();
};

/** What a browser that was never here transfers for its first page and what of it is HTML, in bytes; and whether it stands still. */
export const weigh = async (context, sando, path) => {
  const page = await context.newPage();
  const answers = [];
  page.on("response", (answer) => answers.push(answer));
  const document = await page.goto(sando.url + path, { waitUntil: "networkidle" });
  const html = (await document.body()).length;
  let all = 0;
  let assets = 0;
  for (const answer of answers) {
    const { responseBodySize, responseHeadersSize } = await answer.request().sizes();
    all += responseBodySize + responseHeadersSize;
    if (answer.url().includes("/console/assets/")) assets += responseBodySize;
  }
  await stood(page, `${path}, asked for first`);
  await page.close();
  assert.ok(assets > 0, `${path} is drawn with nothing`);
  if (all >= LARGEST_PAGE) trouble.push(`${path}: ${all} bytes for a first page`);
  if (html >= LARGEST_HTML) trouble.push(`${path}: ${html} bytes of HTML`);
  if (assets >= LARGEST_ASSETS) trouble.push(`${path}: ${assets} bytes of assets`);
};
