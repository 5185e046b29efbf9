// Somebody goes, what they cost is read, and the trail of all of it is verified.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { until } from "../running.mjs";

/** Ada Park goes now: the plan first, then the name typed. */
export const letAdaGo = async ({ page, sando }, person, accesses) => {
  await page.goto(person);
  await page.getByRole("link", { name: "Terminate…" }).click();
  assert.match(await verdict(page), new RegExp(`Ada Park loses ${accesses} accesses`));
  await page.getByLabel("Now").check();
  await page.getByLabel("Type the name").fill("Ada Park");
  await press(page, "Terminate Ada Park");
  await says(page, "Everything is being taken away now");
  await until("everything is taken away", async () => (await sando.call("GET", "/v1/runs?state=running")).items
    .every((run) => run.person !== person.split("/").pop()));
  await page.reload();
  assert.equal(await verdict(page), "Ada Park has left. Nothing is left to take away.");
};

/** What is spent; a seat that nobody gave through Sando is seen all the same, because a roster shows it. */
export const readSpend = async ({ page, context, sando, lodge }) => {
  await lodge.invite("Ada Park", "ada.park@contoso.example");
  await page.goto(`${sando.url}/console/accounts/lodge/prod`);
  await press(page, "Sync now");
  await says(page, "The sync has begun.");
  await until("the new roster counts", async () => {
    await page.goto(`${sando.url}/console/spend`);
    return await page.getByText("1 person who left still holds 1 seat: $25.00 a month.").count() === 1;
  });
  assert.match(await verdict(page), /^\$100\.00 a month\. .*in use is unknown: no application tells of a last visit\.$/);
  await picture(page, "spend-first-hour");
  const csv = await context.request.get(`${sando.url}/console/spend/csv?of=department`);
  assert.equal(csv.status(), 200);
  assert.match(csv.headers()["content-type"], /^text\/csv/);
  await page.getByRole("link", { name: "See what would be taken away" }).click();
  await says(page, "Ada Park");
  await picture(page, "residue-first-hour");
};

export const verifyAudit = async ({ page, sando }) => {
  await page.goto(`${sando.url}/console/audit`);
  await press(page, "Verify now");
  assert.match(await verdict(page), /^Every chain is intact/);
  await picture(page, "audit-verified");
};
