// Signing in: as the first administrator, and with the company account of a real provider.
import assert from "node:assert/strict";
import { press, says, somebody, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { byKey } from "../served/sando.mjs";

/** Whom the provider knows: an administrator who also decides, and somebody whose groups have no role here. */
export const USERS = [
  { sub: "hanna", groups: ["it"], email: "hanna@contoso.example", email_verified: true },
  { sub: "jo", groups: ["others"], email: "jo@contoso.example", email_verified: true },
];

/** As the first administrator; the overview says what to do first. */
export const enter = async ({ page, sando }) => {
  await sando.enter(page);
  await says(page, "You are signed in");
  assert.match(await verdict(page), /^5 first steps are left/);
  assert.equal(await page.getByText("to do", { exact: true }).count(), 5, "five first steps");
  await picture(page, "first-steps");
};

/** The company's provider is named, with what its groups may do here. */
export const nameProvider = async ({ page, sando }) => {
  await page.goto(`${sando.url}/console/settings`);
  await page.getByLabel("Roles for approvals").fill("administrator: [hanna@contoso.example]");
  await page.getByLabel("OpenID Connect").fill(`issuer: ${sando.provider.url}
audience: sando
client_id: sando-console
groups:
  it: [administrator, it-admin]`);
  await press(page, "Save who is who");
  await says(page, "Saved.");
  await page.getByLabel("Client secret").fill("a secret");
  await press(page, "Save the secret");
  await says(page, "Saved.");
};

const logIn = async (page, who) => {
  await page.getByRole("link", { name: "Sign in with your company account" }).click();
  await page.getByRole("button", { name: who, exact: true }).click();
};

/** Out, and in again as somebody whom the provider knows; who has no role is told whom to ask. */
export const atProvider = async ({ page, sando, browser }) => {
  await press(page, "Sign out");
  await picture(page, "sign-in-provider");
  await logIn(page, "hanna");
  await says(page, "You are signed in");
  await says(page, "hanna@contoso.example");

  // The browser itself complains about the answer 403; nobody else does.
  const other = await browser.newContext();
  const jo = await other.newPage();
  await jo.goto(`${sando.url}/console/sign-in`);
  await logIn(jo, "jo");
  await says(jo, "Ask hanna@contoso.example");
  await picture(jo, "sign-in-no-role");
  await other.close();
};

/** With a key, in a browser of its own. */
export const withKey = async (browser, sando, scopes, options) => {
  const key = await sando.call("POST", "/v1/keys", { name: `${scopes} in a browser`, scopes, roles: ["it-admin"] });
  const context = await somebody(browser, sando, options);
  const page = await context.newPage();
  await byKey(sando.url, key.secret)(page);
  return { context, page };
};
