// Whoever may only look, or only decide, does nobody else's work, by whatever address: every form that an administrator's pages
// have is sent. Whom each form of the router lets in is tested in functions/admin/tests/api/console/roles.rs.
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

/** Sends every form that is not theirs as somebody with one scope, and looks for buttons that would send one. */
const doesNothing = async (browser, sando, scope, home, isTheirs, forms, pages) => {
  const trail = async () => JSON.stringify(await sando.call("GET", "/v1/audit?stream=config&limit=200"));
  const { context: theirs, page } = await withKey(browser, sando, [scope]);
  await page.goto(sando.url + home);
  const csrf = await page.locator("input[name=csrf]").first().inputValue();
  const before = await trail();
  for (const [path, fields] of forms.filter(([path]) => !isTheirs(path))) {
    const answer = await theirs.request.post(sando.url + path, { headers: { origin: sando.url }, form: { ...fields, csrf }, maxRedirects: 0 });
    assert.equal(answer.status(), 403, `${scope} ${path}: ${answer.status()}`);
    assert.match(await answer.text(), /takes the role/, path);
  }
  assert.equal(await trail(), before, "nothing was done");
  for (const [name, path, status = 200] of pages) {
    const answer = await theirs.request.get(sando.url + path, { maxRedirects: 0 });
    assert.ok([status, 403].includes(answer.status()), `${scope} ${name}: ${answer.status()}`);
    const verbs = await page.evaluate((text) => [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("form button")]
      .filter((button) => button.form.method === "post" && button.type === "submit" && !button.disabled)
      .map((button) => button.getAttribute("formaction") ?? button.form.getAttribute("action")), await answer.text());
    const others = verbs.filter((verb) => !FOR_ALL.includes(verb) && !isTheirs(verb));
    for (const verb of others) trouble.push(`${name}: who may only ${scope} has a button that sends ${verb}`);
  }
  await theirs.close();
};

/** Who looks has no form; who decides has those of decisions. */
export const viewer = async (browser, context, sando, pages) => {
  const forms = await formsOf(context, sando, pages);
  assert.ok(forms.length > 30, `only ${forms.length} forms were found`);
  await doesNothing(browser, sando, "read", "/console/people", () => false, forms, pages);
  await doesNothing(browser, sando, "approve", "/console/inbox", (path) => path.startsWith("/approvals/"), forms, pages);
};
