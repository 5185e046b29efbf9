// What the company has: how addresses are made, and its applications with their plans and prices.
import assert from "node:assert/strict";
import { press, says } from "../browser.mjs";
import { save, write } from "./files.mjs";

const price = (amount_minor) => ({ amount_minor, currency: "USD", per: "month" });
const scim = (base_url) => ({ type: "scim", base_url, auth: { type: "bearer" }, create_groups: true,
  group_for: { plan: { professional: "Pro Seats" } } });

export const describeApplications = async (who) => {
  const { page, sando } = who;
  const owner = "it@contoso.example";
  const [mail, design] = sando.places.scim;
  await page.goto(`${sando.url}/console/attributes`);
  await page.getByRole("link", { name: "attributes", exact: true }).click();
  await save(who, "attributes", "attributes", { attributes: {
    name: "opportunity.name", personal_email: "opportunity.emails[0]", department: "posting.categories.department",
    work_email: { address: "{first_name}.{last_name}@contoso.example" },
    title: "posting.text", start_date: "offer.fields[identifier=anticipated_start_date].value",
  } });
  await write(who, "apps", "mail", { name: "Mail", owner, provisioner: scim(mail.base_url) });
  const professional = { id: "professional", name: "Professional", price: price(1500), seats: 120 };
  await write(who, "apps", "design", { name: "Design", owner, plans: [professional], provisioner: scim(design.base_url) });
  await write(who, "apps", "lodge", { name: "Lodge", owner, plans: [{ id: "guest", name: "Guest", price: price(2500) }] });
  for (const [app, { token }] of [["mail", mail], ["design", design]]) {
    await page.goto(`${sando.url}/console/apps/${app}`);
    await page.locator(`a[href="/console/apps/${app}/provisioner"]`).click();
    await page.locator("input[name='credentials.token']").fill(token);
    await press(page, "Set the credentials");
    await says(page, "The credentials are set.");
    assert.ok(!(await page.content()).includes(token), "a credential is never in the page");
  }
};
