// Integrations of a company: one connected, one built with the answer of its application, one taken from the catalogue.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";

export const connect = async (context, sando) => {
  const page = await context.newPage();
  await page.goto(`${sando.url}/console/integrations`);
  await page.getByRole("link", { name: "Connect Wiki" }).click();
  await page.getByLabel("Account name").fill("prod");
  await page.getByLabel("API key").fill(sando.places.http.api_key);
  await press(page, "Connect");
  await says(page, "Connected. The first sync has begun.");
  await says(page, "read to its end");
  await page.reload();
  assert.match(await verdict(page), /wiki \/ prod has \d+ users?/);
  await page.close();
};

/** An integration with an API key, in six steps, with the panel beside them. */
export const build = async (context, sando) => {
  const page = await context.newPage();
  await page.goto(`${sando.url}/console/builder`);
  await page.getByLabel("Name of a new definition").fill("handbook");
  await press(page, "Build an integration");
  await page.getByLabel("Name", { exact: true }).fill("Handbook");
  await page.getByLabel("Base URL").fill(sando.places.http.base_url);
  await press(page, "Continue to Sign-in");
  await says(page, "how do its requests authenticate?");
  await page.getByLabel("How requests authenticate").selectOption("headers");
  await page.getByLabel("Headers 1: name").fill("X-Api-Key");
  await page.getByLabel("Headers 1: label").fill("API key");
  await press(page, "Continue to Users endpoint");
  await says(page, "where is the list of its users?");
  await page.getByLabel("Path", { exact: true }).fill("/members");
  await press(page, "Continue to Test");
  await says(page, "does it answer?");
  await page.getByLabel("API key").fill(sando.places.http.api_key);
  await press(page, "Run the test");
  // The answer tells by itself where its rows are; the key is still in its field, and nowhere else.
  await says(page, "the answer has no list at");
  await press(page, "Use all");
  await says(page, /[1-9]\d* active/);
  await press(page, "Run the test");
  await says(page, "It answers: the first page has");
  assert.ok(!(await page.content()).includes(sando.places.http.api_key), "a secret is never in the page");
  await press(page, "Continue to Fields");
  await says(page, "what do its fields mean?");
  await says(page, /[1-9]\d* active/);
  // What is typed shows at once, and nobody presses a button for it.
  await page.getByLabel("Active when, 1: path").fill("state");
  await page.getByLabel("Active when, 1: value").fill("nothing like it");
  await says(page, "rule 1 wants `nothing like it`");
  await page.getByLabel("Active when, 1: value").fill("active");
  await says(page, /[1-9]\d* active/);
  await picture(page, "builder-live");
  await press(page, "Continue to Review");
  await says(page, "Handbook is complete and can be saved.");
  await press(page, "Save handbook as version 1");
  await says(page, "Saved. It is available to connect now.");
  const stored = await sando.call("GET", "/v1/definitions/handbook");
  assert.deepEqual(stored.status.active_when, [{ path: "state", op: "is", value: "active" }]);
  await page.close();
};

/** A definition that comes with Sando becomes a draft. */
export const takeFromCatalogue = async (context, sando) => {
  const page = await context.newPage();
  await page.goto(`${sando.url}/console/catalogue?q=zoo`);
  await press(page, "Take it Zoom");
  await says(page, "Zoom: which application, and where is it?");
  await page.close();
};
