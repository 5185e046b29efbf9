// Connecting Lever: a checklist that turns green.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { SIGNING } from "../sando.mjs";

export const connectLever = async ({ page, sando }) => {
  const lever = page.locator("section[aria-labelledby=lever]");
  const open = () => lever.getByText("to do", { exact: true }).count();
  await page.goto(`${sando.url}/console/settings`);
  assert.equal(await verdict(page), "Lever is not connected yet, so nobody can arrive.");
  assert.equal(await open(), 3);

  await lever.getByLabel("API key").fill(sando.places.lever.key);
  await lever.getByLabel("Name of a webhook registration").fill("hires");
  await lever.getByLabel("Its signing token").fill(SIGNING);
  await press(page, "Save what is filled in");
  assert.equal(await verdict(page), "Lever is connected.");
  assert.equal(await open(), 1);
  assert.ok(!(await page.content()).includes(SIGNING), "a secret never comes out");
  await press(page, "Test the key");
  assert.equal(await verdict(page), "Lever lets us in.");
  await page.getByRole("link", { name: "Back" }).click();

  // The first thing that happens in Lever: somebody who applied is archived, which concerns nobody here.
  await sando.registerWebhooks("hires");
  const { opportunity } = await sando.apply("Jan Novak", "Sales", "Account Executive", 30);
  await sando.lever("/archive", { opportunity });
  // The page was not loaded again: it turns green by itself.
  await says(page, "Lever has called, with a signature that is right.");
  assert.equal(await open(), 0);
  await picture(page, "lever");
};
