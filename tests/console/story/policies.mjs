// Who is due what: each policy is written down, and its plan seen, before it counts.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { write } from "./files.mjs";

export const writePolicies = async (who) => {
  const everybody = await write(who, "policies", "everybody", { policy: "everybody", grants: [{ app: "mail" }] });
  assert.match(everybody, /^Nothing would change for 0 people/);
  await write(who, "policies", "makers", {
    policy: "makers",
    when: [{ path: "department", op: "any_of", value: ["Engineering", "Design"] }],
    grants: [{ app: "design", plan: "professional", approval: { by: ["role:it-admin"], expires: "72h" } }],
  });
};

/** With somebody there the plan of a change names who gains what; this one is not saved. */
export const seePlan = async ({ page, sando }) => {
  await page.goto(`${sando.url}/console/policies`);
  await page.getByRole("link", { name: "everybody" }).click();
  assert.match(await verdict(page), /^The policy everybody/);
  // What is wrong is told while one types.
  await page.getByLabel("File", { exact: true }).fill("policy: everybody\ngrants: [{ app: mail, plam: pro }]");
  await says(page, /mistakes? so far:/);
  const file = { policy: "everybody", grants: [{ app: "mail" }, { app: "lodge" }] };
  await page.getByLabel("File", { exact: true }).fill(JSON.stringify(file));
  await press(page, "See what would change");
  assert.equal(await verdict(page), "Something would change for 1 of 1 person; nobody loses anything.");
  await page.getByRole("row", { name: "Ada Park" }).getByText("lodge").waitFor();
  await picture(page, "plan");
  await page.getByRole("link", { name: "Cancel" }).click();
  assert.equal(await verdict(page), "The policy everybody, as it counts now.");
};
