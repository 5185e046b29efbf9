// Connecting Lever: a checklist that turns green.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { SIGNING } from "../served/sando.mjs";

export const connectLever = async ({ page, sando }) => {
  const lever = page.locator("section[aria-labelledby=lever]");
  const open = () => lever.getByText("to do", { exact: true }).count();
  await page.goto(`${sando.url}/console/settings`);
  assert.equal(await verdict(page), "Lever is not connected yet, so nobody can arrive.");
  assert.equal(await open(), 4);

  await lever.getByLabel("API key").fill(sando.places.lever.key);
  await lever.getByLabel("Name of a webhook registration").fill("hires");
  await lever.getByLabel("Its signing token").fill(SIGNING);
  await press(page, "Save what is filled in");
  assert.equal(await verdict(page), "Lever is connected.");
  assert.equal(await open(), 2);
  assert.ok(!(await page.content()).includes(SIGNING), "a secret never comes out");
  await press(page, "Test the key");
  assert.equal(await verdict(page), "Lever lets us in.");
  await page.getByRole("link", { name: "Back" }).click();

  await lever.waitFor();
  assert.equal(await open(), 1);
  // Webhooks are saved in Lever, and one of them is tried there.
  const [registration] = await sando.registerWebhooks("hires");
  await sando.lever("/ping", { registration });
  // The page was not loaded again: it turns green by itself.
  await says(page, "Lever's test event came, rightly signed, to");
  assert.equal(await open(), 0);
  await picture(page, "lever");
};
