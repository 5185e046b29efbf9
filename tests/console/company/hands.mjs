// Without a script, without a mouse, and while a page changes by itself.
import assert from "node:assert/strict";
import { press, says } from "../browser.mjs";
import { look } from "../pictures.mjs";
import { until } from "../running.mjs";
import { withKey } from "../story/sign_in.mjs";

/** Without its script, and on a phone, the job can be done as well. */
export const withoutScript = async (browser, sando) => {
  const { context, page } = await withKey(browser, sando, ["admin"], { javaScriptEnabled: false, viewport: { width: 360, height: 800 } });
  await page.goto(`${sando.url}/console`);
  await press(page, "Menu");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Inbox" }).click();
  await page.getByRole("link", { name: "Design" }).first().click();
  await page.getByLabel("Reason").first().fill("no seat is left");
  await press(page, "Reject");
  await says(page, "Rejected.");
  await context.close();
};

/** Only with the keyboard: the chords go where they say, and `?` shows them. */
export const keyboard = async (context, sando) => {
  const page = await context.newPage();
  await page.goto(`${sando.url}/console`);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.waitForURL("**/console/people");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/console/people/per_*");
  await page.waitForLoadState();
  const person = page.url();
  await page.keyboard.press("]");
  await page.waitForURL(`${person}/access`);
  await page.waitForLoadState();
  await page.keyboard.press("[");
  await page.waitForURL(person);
  await page.waitForLoadState();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("zoë");
  await page.getByRole("dialog").getByRole("link", { name: "Zoë" }).waitFor();
  await look(page, "palette", "light");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Zoë" }).first().waitFor();
  await page.keyboard.press("?");
  await press(page, "Switch single keys off");
  await page.locator("#keys[data-off]").waitFor({ state: "attached" });
  await page.waitForLoadState();
  await page.keyboard.press("?");
  if (await page.locator("dialog[open]").count() > 0) throw new Error("a single key did something");
  await press(page, "Shortcuts");
  await press(page, "Switch single keys on");
  await page.locator("#keys:not([data-off])").waitFor({ state: "attached" });
  await page.waitForLoadState();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.close();
};

/** A row is explained, selected and its link copied, and what only shows something is sent, by keys alone. */
export const keysOfRows = async (context, sando) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: sando.url });
  const page = await context.newPage();
  await page.goto(`${sando.url}/console/people`);
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await says(page, "Copied");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await page.locator("tr.is-here a").first().evaluate((link) => link.href));
  await page.goto(`${sando.url}/console/accounts/mischief/prod/held`);
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  assert.equal(await page.locator("tr.is-here input[type=checkbox]").isChecked(), true);
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  assert.equal(await page.locator("tbody input[type=checkbox]:checked").count(), 2, "keys go on beside a box");
  await page.goto(`${sando.url}/console/policies/makers`);
  await page.locator("#file").focus();
  await page.keyboard.press("Control+Enter");
  await page.waitForURL("**/console/policies/makers/changes");
  await page.close();
};

/** What asks again by itself leaves what somebody opened, typed and marked: all of it comes anew twice, and nothing is lost. */
export const handsOnWhileItAsks = async (context, sando) => {
  const [{ run }] = (await sando.call("GET", "/v1/approvals?state=waiting")).items;
  const page = await context.newPage();
  const place = `${sando.url}/console/runs/${run}`;
  // Also where nothing moved the whole part is answered, and put in its place.
  await page.route(place, (route) => {
    const { "if-none-match": _, ...headers } = route.request().headers();
    return route.continue({ headers });
  });
  await page.goto(place);
  const step = page.locator("ol.steps > li", { hasText: "waits for a decision" }).first();
  await step.getByText("By hand…").click();
  await step.getByLabel("Reason").fill("the desk is there");
  await step.evaluate((one) => {
    one.classList.add("is-here");
    window.swaps = 0;
    document.addEventListener("htmx:after:swap", () => { window.swaps += 1; });
  });
  await until("it came anew twice", () => page.evaluate(() => window.swaps >= 2));
  assert.equal(await step.getByLabel("Reason").isVisible(), true, "what was opened stays open");
  assert.equal(await step.getByLabel("Reason").inputValue(), "the desk is there");
  assert.equal(await page.locator("ol.steps > li.is-here").count(), 1, "what was marked stays marked");
  await step.getByText("By hand…").click();
  await page.evaluate(() => { window.swaps = 0; });
  await until("it came anew", () => page.evaluate(() => window.swaps >= 1));
  assert.equal(await step.getByLabel("Reason").isVisible(), false, "what was closed stays closed");
  await page.close();
};
