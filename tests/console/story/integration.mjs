// An integration for an application that nobody has seen, built in six steps, authorised in a popup at its login page, which is
// that of a real provider but in the demo, connected and synced.
import assert from "node:assert/strict";
import { press, says, verdict } from "../browser.mjs";
import { picture } from "../pictures.mjs";
import { until } from "../running.mjs";

/** The login page opens in a window of its own; whoever logs in is sent back, and the window closes itself. */
const logInBeside = async (page, lodge) => {
  const opens = page.context().waitForEvent("page");
  await page.getByRole("link", { name: "Open the login page" }).click();
  const popup = await opens;
  const closes = popup.waitForEvent("close");
  await lodge.logIn(popup);
  await closes;
};

const fillClient = async (page, { client }) => {
  await page.getByLabel("Client ID").fill(client.id);
  await page.getByLabel("Client secret").fill(client.secret);
};

/** Application, sign-in, list of users. */
const describe = async (page, sando, lodge) => {
  await page.goto(`${sando.url}/console/builder`);
  await page.getByLabel("Name of a new definition").fill("lodge");
  await press(page, "Build an integration");
  await page.getByLabel("Name", { exact: true }).fill("Lodge");
  await page.getByLabel("Base URL").fill(lodge.url);
  await press(page, "Continue to Sign-in");
  await says(page, "how do its requests authenticate?");
  await page.getByLabel("How requests authenticate").selectOption("oauth2_authorization_code");
  await page.getByLabel("Authorization URL").fill(lodge.authorize);
  await page.getByLabel("Token URL").fill(lodge.token);
  await page.getByLabel("Scopes", { exact: true }).fill("openid\nemail");
  await says(page, `${sando.url}/oauth/test-callback`);
  await picture(page, "wizard-auth");
  await press(page, "Continue to Users endpoint");
  await says(page, "where is the list of its users?");
  await page.getByLabel("Path", { exact: true }).fill("/directory/people");
  await press(page, "Continue to Test");
  await says(page, "does it answer?");
};

/** The test, with what somebody allowed in the popup. */
const tryIt = async (page, lodge) => {
  await fillClient(page, lodge);
  await press(page, "Authorise");
  await says(page, "waits for the login page");
  await picture(page, "wizard-login-waits");
  await logInBeside(page, lodge);
  await says(page, "authorised");
  await says(page, /1[0-5]:\d\d left/);
  await picture(page, "wizard-login-done");
  await press(page, "Run the test");
  // The answer tells by itself where its rows are.
  await says(page, "the answer has no list at");
  await press(page, "Use all");
  await says(page, `of ${lodge.people} rows`);
  await press(page, "Run the test");
  await says(page, `It answers: the first page has ${lodge.people} rows.`);
  await picture(page, "wizard-test");
  assert.ok(!(await page.content()).includes(lodge.client.secret), "a secret is never in the page");
};

/** What its fields mean: what is typed shows at once, and nobody presses a button for it. */
const explain = async (page) => {
  await press(page, "Continue to Fields");
  await says(page, "what do its fields mean?");
  await page.getByLabel("Active when, 1: path").fill("state");
  await page.getByLabel("Active when, 1: value").fill("nothing like it");
  await says(page, "rule 1 wants `nothing like it`");
  await page.getByLabel("Active when, 1: value").fill("checked-in");
  await says(page, "3 active");
  await picture(page, "wizard-fields");
};

export const buildIntegration = async ({ page, sando, lodge }) => {
  await describe(page, sando, lodge);
  await tryIt(page, lodge);
  await explain(page);
  await press(page, "Continue to Review");
  await says(page, "Lodge is complete and can be saved.");
  await picture(page, "wizard-review");
  await press(page, "Save lodge as version 1");
  await says(page, "Saved. It is available to connect now.");
  const stored = await sando.call("GET", "/v1/definitions/lodge");
  assert.deepEqual(stored.status.active_when, [{ path: "state", op: "is", value: "checked-in" }]);
  assert.equal(stored.map.email, "mail");
  assert.ok(!JSON.stringify(stored).includes(lodge.client.secret), "a definition has no secret");
};

/** Connected, authorised, synced; every user with the reason why they are what they are. */
export const connectIt = async ({ page, sando, lodge }) => {
  await page.goto(`${sando.url}/console/integrations`);
  await page.getByRole("link", { name: "Connect Lodge" }).click();
  await page.getByLabel("Account name").fill("prod");
  await fillClient(page, lodge);
  await picture(page, "connect-oauth");
  await press(page, "Connect");
  await press(page, "Authorise");
  await says(page, "The login page is ready");
  await picture(page, "account-login");
  await logInBeside(page, lodge);
  await page.getByRole("link", { name: "Back" }).click();
  await says(page, "read to its end");
  const counts = `lodge / prod has ${lodge.people} users, 3 of them active.`;
  await until("the roster counts", async () => {
    await page.reload();
    return (await verdict(page)) === counts;
  });
  await page.getByRole("link", { name: `Users ${lodge.people}` }).click();
  await says(page, "Zoë Ångström-Okonkwo 王小明");
  await page.getByRole("link", { name: "Kim Reyes" }).click();
  await says(page, "`state` is `checked-out`");
  await picture(page, "user-why");
};
