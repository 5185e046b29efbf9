// A workflow and a policy as forms: steps that come, move and go, what is wrong told at its field, form and file one thing, and
// nothing saved before its plan was seen.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { until } from "../running.mjs";

/** A new file, as a form. */
const begin = async (page, sando, kind, id) => {
  await page.goto(`${sando.url}/console/${kind}`);
  await page.getByLabel("Name of a new").fill(id);
  await press(page, "Write it");
  await says(page, "Nothing is saved yet.");
  await press(page, "Show as a form");
  await says(page, "as you have it");
};

/** Sees what would change, which is nothing, and saves it. */
const save = async (page, id) => {
  await press(page, "See what would change");
  await says(page, "Saving it starts what is listed above");
  assert.match(await verdict(page), /^Nothing would change for \d+ (person|people)\.$/);
  await picture(page, `${id}-plan`);
  await press(page, `Save ${id}`);
  await says(page, "It is being saved");
};

/** A file as it is stored, once it is there and is what it is waited for. */
const stored = (sando, place, isIt) => until(`${place} is saved`, async () => {
  const file = await sando.call("GET", place).catch(() => null);
  return file !== null && isIt(file) ? file : null;
});

/** The fields of a step or a grant, and one of them by what it is called. */
const fieldOf = (page, place) => (name) => page.locator(`#part-${place}`).getByLabel(name, { exact: true });

/** One step of each of three kinds; each button adds its step at the end. */
const addSteps = async (page) => {
  for (const [kind, title] of [["Give access", "1. Give access: grant"], ["Wait", "2. Wait: wait"], ["Task", "3. Task: task"]]) {
    await press(page, `Add: ${kind}`);
    await page.getByRole("heading", { name: title }).waitFor();
  }
  await page.waitForLoadState();
};

const fillSteps = async (page) => {
  const [wait, task] = [fieldOf(page, 2), fieldOf(page, 3)];
  await wait("After").fill("grant");
  await wait("Until").selectOption("after_start");
  await wait("Until: how long").fill("1w");
  await wait("Until: time of day").fill("10:00");
  await task("After").fill("wait");
  await task("What to do").fill("Ask {name} how the first week was");
  await task("Whose work").fill("it@contoso.example");
  await task("Due").selectOption("after_start");
  await task("Due: how long").fill("soon");
};

/** What is wrong is told while one types, and then at its field; what was typed stays. */
const seeMistake = async (page) => {
  await says(page, /1 mistake so far:/);
  await press(page, "See what would change");
  await says(page, "1 mistake is in the file; nothing was saved.");
  assert.match(await page.title(), /^Error: /);
  await page.locator(".error-summary:focus").waitFor();
  assert.equal(await page.locator("#part-3 .error").count(), 1);
  assert.equal(await page.locator("#part-1 .error, #part-2 .error").count(), 0);
  await picture(page, "workflow-wrong");
  await page.locator(".error-summary").getByRole("link").click();
  await page.locator("#part-3 select:focus").waitFor();
  const task = fieldOf(page, 3);
  assert.equal(await task("Due: how long").inputValue(), "soon");
  await task("Due: how long").fill("2w");
};

const makeWorkflow = async (page, sando) => {
  await begin(page, sando, "workflows", "first-week");
  await addSteps(page);
  await fillSteps(page);
  await seeMistake(page);
  await picture(page, "workflow-filled");
  await save(page, "first-week");
  assert.deepEqual(await stored(sando, "/v1/workflows/first-week", () => true), { workflow: "first-week", steps: [
    { id: "grant", type: "grant" },
    { id: "wait", type: "wait", needs: ["grant"], until: { after_start: "1w", at: "10:00" } },
    { id: "task", type: "task", needs: ["wait"], title: "Ask {name} how the first week was", owner: "it@contoso.example",
      due: { after_start: "2w" } },
  ] });
};

/** As a form, as its file, and as a form again: each is what the other one says. */
const changeWorkflow = async (page, sando) => {
  await page.goto(`${sando.url}/console/workflows/first-week`);
  assert.equal(await verdict(page), "The workflow first-week, as it counts now.");
  await press(page, "Show as a form");
  await says(page, "as you have it");
  await fieldOf(page, 3)("Name").fill("ask");
  await fieldOf(page, 3)("After").fill("grant");
  await press(page, "Move up 3. Task: task");
  await page.getByRole("heading", { name: "2. Task: ask" }).waitFor();
  await press(page, "Show as a file");
  const file = page.getByLabel("File", { exact: true });
  const text = await file.inputValue();
  assert.ok(text.indexOf("id: ask") > 0 && text.indexOf("id: ask") < text.indexOf("id: wait"), text);
  await file.fill(text.replace("how the first week was", "how it goes"));
  await press(page, "Show as a form");
  await page.getByRole("heading", { name: "3. Wait: wait" }).waitFor();
  assert.equal(await fieldOf(page, 2)("What to do").inputValue(), "Ask {name} how it goes");
  await press(page, "Remove 3. Wait: wait");
  await page.getByRole("heading", { name: "3. Wait: wait" }).waitFor({ state: "detached" });
  await save(page, "first-week");
  const { steps } = await stored(sando, "/v1/workflows/first-week", ({ steps }) => steps.length === 2);
  assert.deepEqual(steps.map(({ id, needs }) => [id, needs]), [["grant", undefined], ["ask", ["grant"]]]);
};

/** A policy for whom nobody is yet, with somebody who has to say yes first. */
const makePolicy = async (page, sando) => {
  await begin(page, sando, "policies", "counsel");
  await page.getByLabel("Who, 1: value").fill("Legal");
  const design = fieldOf(page, 1);
  await design("Application").selectOption("design");
  await design("Plan").fill("professional");
  await design("Who has to say yes first").fill("role:it-admin");
  await design("Denied by itself after").fill("72h");
  await picture(page, "counsel-filled");
  await save(page, "counsel");
  const { when, grants } = await stored(sando, "/v1/policies/counsel", () => true);
  assert.deepEqual(when, [{ path: "department", op: "is", value: "Legal" }]);
  assert.deepEqual(grants, [{ app: "design", plan: "professional", approval: { by: ["role:it-admin"], expires: "72h" } }]);
};

export const fillIn = async (context, sando) => {
  const page = await context.newPage();
  await makeWorkflow(page, sando);
  await changeWorkflow(page, sando);
  await makePolicy(page, sando);
  await page.close();
};
