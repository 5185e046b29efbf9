// Somebody is hired, a decision is made, and the run ends; its page follows by itself.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { until } from "../running.mjs";

/** Ada Park is hired and gets everything that is due; answers the address of her page. */
export const hireAda = async ({ page, context, sando }, accesses) => {
  await sando.hire("Ada Park", "Engineering", "Product Designer", 4);
  await until("somebody is asked", async () => (await sando.call("GET", "/v1/approvals?state=waiting")).items.length === 1);
  await page.goto(`${sando.url}/console`);
  await page.getByRole("link", { name: "Ada Park" }).click();
  assert.match(await verdict(page), /Ada Park starts .* design waits for a decision/);
  const person = page.url();

  await page.getByRole("link", { name: "run", exact: true }).first().click();
  await says(page, "waits for a decision");
  const run = page.url().split("#")[0];
  const other = await context.newPage();
  await other.goto(`${sando.url}/console/inbox`);
  await other.getByRole("link", { name: "Design" }).click();
  assert.equal(await verdict(other), "Give Ada Park Design, plan professional?");
  await other.keyboard.press("r");
  await other.keyboard.type("joins the design team");
  await press(other, "Approve");
  await says(other, "Approved. The application is asked now");
  await other.close();
  // The run's page was never loaded again: it asks by itself.
  await page.locator("#live .tag", { hasText: "finished" }).waitFor();
  assert.equal(page.url().split("#")[0], run);
  assert.equal(await page.locator("#live[hx-get]").count(), 0, "a run that is over asks no more");

  await page.goto(person);
  assert.match(await verdict(page), new RegExp(`All ${accesses} accesses are verified`));
  return person;
};

/** The timeline of a person reads like a story: what was heard, decided, done. */
export const watchTimeline = async ({ page }, person) => {
  await page.goto(person);
  const told = await page.locator("ol.path").innerText();
  for (const part of [/hired/i, /approv/i, /verified/i]) assert.match(told, part);
};
