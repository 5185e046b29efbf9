// Whoever may only look does nobody's work, by whatever address: every form that an administrator's pages have is sent.
import assert from "node:assert/strict";
import { trouble } from "../browser.mjs";
import { withKey } from "../story/sign_in.mjs";

/** Forms that everybody has who is signed in. */
const FOR_ALL = ["/console/sign-in", "/console/sign-out", "/console/shortcuts"];

/** Where the forms of these pages are sent to, and with which fields. */
const formsOf = async (context, sando, pages) => {
  const page = await context.newPage();
  const forms = new Map();
  for (const [, path] of pages) {
    await page.goto(sando.url + path);
    const found = await page.evaluate(() => [...document.querySelectorAll("form")]
      .filter((form) => form.method === "post")
      .flatMap((form) => {
        const verbs = [...form.querySelectorAll("[formaction]")].map((verb) => verb.formAction);
        const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string"));
        return [form.action, ...verbs].map((action) => [new URL(action).pathname, fields]);
      }));
    for (const [action, fields] of found) forms.set(action, fields);
  }
  await page.close();
  return [...forms].filter(([action]) => !FOR_ALL.includes(action));
};

export const viewer = async (browser, context, sando, pages) => {
  const forms = await formsOf(context, sando, pages);
  assert.ok(forms.length > 30, `only ${forms.length} forms were found`);
  const trail = async () => JSON.stringify(await sando.call("GET", "/v1/audit?stream=config&limit=200"));
  const { context: theirs, page } = await withKey(browser, sando, ["read"]);
  await page.goto(`${sando.url}/console/people`);
  const csrf = await page.locator("input[name=csrf]").first().inputValue();
  const before = await trail();
  for (const [path, fields] of forms) {
    const answer = await theirs.request.post(sando.url + path, { headers: { origin: sando.url }, form: { ...fields, csrf }, maxRedirects: 0 });
    assert.equal(answer.status(), 403, `${path}: ${answer.status()}`);
    assert.match(await answer.text(), /takes the role/, path);
  }
  assert.equal(await trail(), before, "nothing was done");
  for (const [name, path, status = 200] of pages) {
    const answer = await theirs.request.get(sando.url + path, { maxRedirects: 0 });
    assert.ok([status, 403].includes(answer.status()), `${name}: ${answer.status()}`);
    const verbs = await page.evaluate((text) => [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("form button")]
      .filter((button) => button.form.method === "post" && button.type === "submit" && !button.disabled)
      .map((button) => button.getAttribute("formaction") ?? button.form.getAttribute("action")), await answer.text());
    for (const verb of verbs.filter((verb) => !FOR_ALL.includes(verb))) trouble.push(`${name}: a viewer has a button that sends ${verb}`);
  }
  await theirs.close();
};
