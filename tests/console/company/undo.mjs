// What can be undone.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { look } from "../pictures.mjs";

/** What was taken away by mistake comes back, and what is paused goes on: each shows its plan first. */
export const undo = async (context, sando, person) => {
  const page = await context.newPage();
  await page.goto(person);
  await page.getByRole("link", { name: "Reinstate…" }).click();
  assert.match(await verdict(page), /Ada Park comes back: 3 accesses are given again/);
  await press(page, "Reinstate Ada Park");
  await says(page, "What is due is being given again.");
  await page.getByRole("link", { name: "Correct…" }).click();
  await page.getByLabel("department").fill("Sales");
  await press(page, "See what would change");
  assert.match(await verdict(page), /1 attribute of Ada Park would change, and with it/);
  await look(page, "correct-plan", "light");
  await page.goto(`${sando.url}/console/pause`);
  await page.getByLabel("Reason").fill("the directory is being moved");
  await press(page, "Pause");
  await says(page, "No effect starts until somebody resumes.");
  await page.getByRole("button", { name: "See what would go on" }).click();
  await look(page, "resume", "light");
  await press(page, "Resume Removals");
  await says(page, "Nothing is paused.");
  await page.close();
};
