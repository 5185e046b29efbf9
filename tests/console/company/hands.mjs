// Without a script, and without a mouse.
import { press, says } from "../browser.mjs";
import { look } from "../pictures.mjs";
import { withKey } from "../story/sign_in.mjs";

/** Without its script the job can be done as well. */
export const withoutScript = async (browser, sando) => {
  const { context, page } = await withKey(browser, sando, ["admin"], { javaScriptEnabled: false });
  await page.goto(`${sando.url}/console/inbox`);
  await page.getByRole("link", { name: "Design" }).first().click();
  await page.getByLabel("Reason").first().fill("no seat is left");
  await press(page, "Reject");
  await says(page, "Rejected.");
  await context.close();
};

/** Only with the keyboard: the chords go where they say, and `?` shows them. */
export const keyboard = async (context, sando) => {
  const page = await context.newPage();
  await page.goto(`${sando.url}/console`);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.waitForURL("**/console/people");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/console/people/per_*");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("zoë");
  await page.getByRole("dialog").getByRole("link", { name: "Zoë" }).waitFor();
  await look(page, "palette", "light");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Zoë" }).first().waitFor();
  await page.keyboard.press("?");
  await press(page, "Switch single keys off");
  await page.locator("#keys[data-off]").waitFor({ state: "attached" });
  await page.waitForLoadState();
  await page.keyboard.press("?");
  if (await page.locator("dialog[open]").count() > 0) throw new Error("a single key did something");
  await press(page, "Shortcuts");
  await press(page, "Switch single keys on");
  await page.locator("#keys:not([data-off])").waitFor({ state: "attached" });
  await page.waitForLoadState();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.close();
};
