// The console in a real browser: an administrator signs in by the link of the start, somebody is hired, a decision is
// made, the run ends, somebody is let go. axe looks at every page, and a picture of each is taken at two widths in both
// schemes. Run by tests/run; needs SANDO_BIN, WORLD_BIN, CHROMIUM and SCREENSHOTS.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { start, until } from "./sando.mjs";

const { SANDO_BIN, WORLD_BIN, CHROMIUM, MODULES, SCREENSHOTS } = process.env;
const require = createRequire(join(MODULES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const MARKUP = `"><script>window.ran=1</script><img src=x onerror="window.ran=1">`;
const trouble = [];
let checks = 0;

/** Whatever a browser complains about is a failure: a blocked script, an error, a request to another host. */
const watch = (page, sando) => {
  page.on("pageerror", (error) => trouble.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(sando.url)) trouble.push(`${page.url()} asks ${request.url()}`);
  });
  page.on("dialog", (dialog) => { trouble.push(`${page.url()}: dialog ${dialog.message()}`); dialog.dismiss(); });
};

const look = async (page, name, scheme) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  for (const one of found.violations) {
    trouble.push(`${name} (${scheme}): axe ${one.id}: ${one.nodes.map((node) => node.target).join("; ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) trouble.push(`${name} (${scheme}): ${wide} px too wide`);
  if (await page.evaluate(() => window.ran)) trouble.push(`${name}: markup from outside ran`);
  checks += 1;
};

/** Every page, at two widths and in both schemes. */
const pictures = async (context, sando, pages) => {
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      const page = await context.newPage();
      watch(page, sando);
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const [name, path] of pages) {
        const answer = await page.goto(sando.url + path);
        assert.equal(answer.status(), 200, `${path}: ${answer.status()}`);
        await look(page, `${name} ${width}`, scheme);
        await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${scheme}.png`), fullPage: true });
      }
      await page.close();
    }
  }
};

const verdict = (page) => page.locator("h1").innerText();

/** What a person has on the page, waiting for the page to say it by itself. */
const says = (page, text, seconds = 40) => page.getByText(text).first().waitFor({ timeout: seconds * 1000 });

const story = async (context, sando) => {
  const page = await context.newPage();
  watch(page, sando);
  await page.goto(sando.link);
  await page.getByRole("button", { name: "Sign in" }).click();
  await says(page, "You are signed in");
  assert.match(await verdict(page), /needs? you/);

  await sando.hire("Ada Park", "Engineering", "Product Designer", 4);
  await until("somebody is asked", async () => (await sando.call("GET", "/v1/approvals?state=waiting")).items.length === 1);
  await page.goto(`${sando.url}/console`);
  await page.getByRole("link", { name: "Ada Park" }).click();
  assert.match(await verdict(page), /Ada Park starts .* design waits for a decision/);
  const person = page.url();

  await page.getByRole("link", { name: "run", exact: true }).first().click();
  await says(page, "waits for a decision");
  const run = page.url().split("#")[0];
  const other = await context.newPage();
  watch(other, sando);
  await other.goto(`${sando.url}/console/inbox`);
  await other.getByRole("link", { name: "Design" }).click();
  assert.equal(await verdict(other), "Give Ada Park Design, plan professional?");
  await other.keyboard.press("r");
  await other.keyboard.type("joins the design team");
  await other.getByRole("button", { name: "Approve" }).click();
  await says(other, "Approved. The application is asked now");
  await other.close();
  // The run's page was never loaded again: it asks by itself.
  await page.locator("#live .tag", { hasText: "finished" }).waitFor({ timeout: 20000 });
  assert.equal(page.url().split("#")[0], run);
  assert.equal(await page.locator("#live[hx-get]").count(), 0, "a run that is over asks no more");

  await page.goto(person);
  assert.match(await verdict(page), /All 3 accesses are verified/);
  return person.replace(sando.url, "");
};

const letGo = async (context, sando, person) => {
  const page = await context.newPage();
  watch(page, sando);
  await page.goto(`${sando.url}${person}`);
  await page.getByRole("link", { name: "Terminate…" }).click();
  assert.match(await verdict(page), /Ada Park loses 3 accesses/);
  await page.getByLabel("Now").check();
  await page.getByLabel("Type the name").fill("Ada Park");
  await page.getByRole("button", { name: "Terminate Ada Park" }).click();
  await says(page, "Everything is being taken away now");
  await until("everything is taken away", async () => (await sando.call("GET", "/v1/runs?state=running")).items
    .every((run) => run.person !== person.split("/").pop()));
  await page.reload();
  assert.equal(await verdict(page), "Ada Park has left. Nothing is left to take away.");
  await page.goto(`${sando.url}/console/audit`);
  await page.getByRole("button", { name: "Verify now" }).click();
  assert.match(await verdict(page), /^Every chain is intact/);
  await page.close();
};

const connect = async (context, sando) => {
  const page = await context.newPage();
  watch(page, sando);
  await page.goto(`${sando.url}/console/integrations`);
  await page.getByRole("link", { name: "Connect Wiki" }).click();
  await page.getByLabel("Account name").fill("prod");
  await page.getByLabel("API key").fill(sando.places.http.api_key);
  await page.getByRole("button", { name: "Connect" }).click();
  await says(page, "Connected. The first sync has begun.");
  await says(page, "read to its end");
  await page.reload();
  assert.match(await verdict(page), /wiki \/ prod has \d+ users?/);
  await page.close();
};

/** An integration for an application that nobody has seen, in six steps, with the panel beside them. */
const build = async (context, sando) => {
  const page = await context.newPage();
  watch(page, sando);
  await page.goto(`${sando.url}/console/builder`);
  await page.getByLabel("Name of a new definition").fill("handbook");
  await page.getByRole("button", { name: "Build an integration" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Handbook");
  await page.getByLabel("Base URL").fill(sando.places.http.base_url);
  await page.getByRole("button", { name: "Continue to Sign-in" }).click();
  await says(page, "how do its requests authenticate?");
  await page.getByLabel("How requests authenticate").selectOption("headers");
  await page.getByLabel("Headers 1: name").fill("X-Api-Key");
  await page.getByLabel("Headers 1: label").fill("API key");
  await page.getByRole("button", { name: "Continue to Users endpoint" }).click();
  await says(page, "where is the list of its users?");
  await page.getByLabel("Path", { exact: true }).fill("/members");
  await page.getByRole("button", { name: "Continue to Test" }).click();
  await says(page, "does it answer?");
  await page.getByLabel("API key").fill(sando.places.http.api_key);
  await page.getByRole("button", { name: "Run the test" }).click();
  // The answer tells by itself where its rows are; the key is still in its field, and nowhere else.
  await says(page, "the answer has no list at");
  await page.getByRole("button", { name: "Use all" }).click();
  await says(page, /[1-9]\d* active/);
  await page.getByRole("button", { name: "Run the test" }).click();
  await says(page, "It answers: the first page has");
  assert.ok(!(await page.content()).includes(sando.places.http.api_key), "a secret is never in the page");
  await page.getByRole("button", { name: "Continue to Fields" }).click();
  await says(page, "what do its fields mean?");
  await says(page, /[1-9]\d* active/);
  await look(page, "builder-live", "light");
  // What is typed shows at once, and nobody presses a button for it.
  await page.getByLabel("Active when, 1: path").fill("state");
  await page.getByLabel("Active when, 1: value").fill("nothing like it");
  await says(page, "rule 1 wants `nothing like it`");
  await page.getByLabel("Active when, 1: value").fill("active");
  await says(page, /[1-9]\d* active/);
  await page.screenshot({ path: join(SCREENSHOTS, "builder-live.png"), fullPage: true });
  await page.getByRole("button", { name: "Continue to Review" }).click();
  await says(page, "Handbook is complete and can be saved.");
  await page.getByRole("button", { name: "Save handbook as version 1" }).click();
  await says(page, "Saved. It is available to connect now.");
  const stored = await sando.call("GET", "/v1/definitions/handbook");
  assert.deepEqual(stored.status.active_when, [{ path: "state", op: "is", value: "active" }]);
  await page.goto(`${sando.url}/console/catalogue?q=zoo`);
  await page.getByRole("button", { name: "Take it Zoom" }).click();
  await says(page, "Zoom: which application, and where is it?");
  await page.close();
};

/** What was taken away by mistake comes back, and what is paused goes on: each shows its plan first. */
const undo = async (context, sando, person) => {
  const page = await context.newPage();
  watch(page, sando);
  await page.goto(`${sando.url}${person}`);
  await page.getByRole("link", { name: "Reinstate…" }).click();
  assert.match(await verdict(page), /Ada Park comes back: 3 accesses are given again/);
  await page.getByRole("button", { name: "Reinstate Ada Park" }).click();
  await says(page, "What is due is being given again.");
  await page.getByRole("link", { name: "Correct…" }).click();
  await page.getByLabel("department").fill("Sales");
  await page.getByRole("button", { name: "See what would change" }).click();
  assert.match(await verdict(page), /1 attribute of Ada Park would change, and with it/);
  await look(page, "correct-plan", "light");
  await page.goto(`${sando.url}/console/pause`);
  await page.getByLabel("Reason").fill("the directory is being moved");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await says(page, "No effect starts until somebody resumes.");
  await page.getByRole("button", { name: "See what would go on" }).click();
  await look(page, "resume", "light");
  await page.getByRole("button", { name: "Resume Removals" }).click();
  await says(page, "Nothing is paused.");
  await page.close();
};

/** Without its script the job can be done as well. */
const withoutScript = async (browser, sando) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${sando.url}/console/tasks/x`);
  const key = await sando.call("POST", "/v1/keys", { name: "no script", scopes: ["admin"], roles: ["it-admin"] });
  await page.getByLabel("API key").fill(key.secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.goto(`${sando.url}/console/inbox`);
  await page.getByRole("link", { name: "Design" }).first().click();
  await page.getByLabel("Reason").first().fill("no seat is left");
  await page.getByRole("button", { name: "Reject" }).click();
  await says(page, "Rejected.");
  await context.close();
};

/** Only with the keyboard: the chords go where they say, and `?` shows them. */
const keyboard = async (context, sando) => {
  const page = await context.newPage();
  watch(page, sando);
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
  await page.close();
};

/** Every field that an application, Lever or a person can fill is filled with markup; none of it may run. */
const fillWithMarkup = async (sando) => {
  await sando.hire(`Mallory ${MARKUP}`, MARKUP, MARKUP, 5);
  const rule = { path: MARKUP, op: "is", value: MARKUP };
  await sando.call("PUT", "/v1/drafts/hostile", { definition: "hostile", app: MARKUP, name: MARKUP, base_url: MARKUP,
    variables: { [MARKUP]: { label: MARKUP } }, users: { path: MARKUP, query: { [MARKUP]: MARKUP } },
    map: { email: MARKUP, role: { first_of: [MARKUP] } }, status: { active_when: [rule] },
    licenses: { conditions: [{ name: MARKUP, when: [{ path: "a", op: "some", where: [rule] }] }] }, custom_fields: { [MARKUP]: MARKUP } });
  await sando.call("PUT", "/v1/apps/hostile", { name: MARKUP, owner: MARKUP });
  const made = await fetch(`${sando.places.http.base_url}/members`, { method: "POST",
    headers: { "x-api-key": sando.places.http.api_key, "content-type": "application/json" },
    body: JSON.stringify({ email: "mallory@contoso.example", role: MARKUP }) });
  assert.ok(made.ok, `the application answers ${made.status}`);
  await sando.call("POST", "/v1/accounts/wiki/prod:sync", {});
  await until("the roster has the markup", async () =>
    JSON.stringify(await sando.call("GET", "/v1/accounts/wiki/prod/users")).includes("window.ran"));
  await sando.call("POST", "/v1/keys", { name: `k ${MARKUP}`.slice(0, 100), scopes: ["read"], roles: [MARKUP] });
};

const pagesOf = async (sando) => {
  const first = async (path) => (await sando.call("GET", path)).items[0];
  const person = (await sando.call("GET", "/v1/people?limit=200")).items;
  const lee = person.find((one) => one.name === "Lee Cho");
  const hostile = person.find((one) => one.name?.includes("script"));
  const run = await first(`/v1/runs?person=${lee.id}`);
  const user = await first("/v1/accounts/wiki/prod/users");
  const licence = await first("/v1/reports/licenses");
  const event = await first(`/v1/events?person=${lee.id}`);
  return [
    ["overview", "/console"], ["inbox", "/console/inbox"], ["decided", "/console/inbox?view=decided"],
    ["decision", `/approvals/${(await first("/v1/approvals?state=waiting")).id}`],
    ["task", `/console/tasks/${(await first("/v1/tasks?state=open")).id}`],
    ["people", "/console/people"], ["person", `/console/people/${lee.id}`], ["access", `/console/people/${lee.id}/access`],
    ["identity", `/console/people/${lee.id}/identity`], ["terminate", `/console/people/${lee.id}/terminate`],
    ["hostile", `/console/people/${hostile.id}`], ["hostile-identity", `/console/people/${hostile.id}/identity`],
    ["runs", "/console/runs"], ["run", `/console/runs/${run.id}`],
    ["integrations", "/console/integrations"], ["definition", "/console/integrations/wiki"], ["connect", "/console/connect/wiki"],
    ["account", "/console/accounts/wiki/prod"], ["users", "/console/accounts/wiki/prod/users"],
    ["user", `/console/accounts/wiki/prod/users/${encodeURIComponent(user.external_id)}`],
    ["policies", "/console/policies"], ["policy", "/console/policies/makers"], ["workflows", "/console/workflows"],
    ["apps", "/console/apps"], ["correct", `/console/people/${lee.id}/correct`], ["reinstate", `/console/people/${lee.id}/reinstate`],
    ["drift", `/console/people/${lee.id}/drift`], ["erase", `/console/people/${lee.id}/erase`],
    ["timeline-runs", `/console/people/${lee.id}?only=runs`], ["events", "/console/events"], ["event", `/console/events/${event.id}`],
    ["guide", "/console/guide"], ["merge", `/console/people/${lee.id}/merge`], ["split", `/console/people/${lee.id}/split`], ["pause", "/console/pause"],
    ["spend", "/console/spend"], ["spend-person", "/console/spend?by=person"], ["residue", "/console/spend/residue"],
    ["find", "/console/find?q=lee"], ["review", "/console/reports/review"], ["review-all", "/console/reports/review?only=all"],
    ["licence", `/console/licences/${licence.app}/${encodeURIComponent(licence.license)}`],
    ["catalogue", "/console/catalogue"], ["builder", "/console/builder"],
    ...["general", "auth", "endpoint", "test", "fields", "review", "yaml"].map((step) => [`builder-${step}`, `/console/builder/zoom/${step}`]),
    ...["general", "fields", "review"].map((step) => [`hostile-builder-${step}`, `/console/builder/hostile/${step}`]),
    ["hostile-app", "/console/apps/hostile"], ["hostile-users", "/console/accounts/wiki/prod/users"],
    ["audit", "/console/audit"], ["record", "/console/audit/config/1"], ["settings", "/console/settings"],
  ];
};

const main = async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const sando = await start({ sando: SANDO_BIN, world: WORLD_BIN });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const context = await browser.newContext();
    context.setDefaultTimeout(20000);
    const person = await story(context, sando);
    await connect(context, sando);
    await letGo(context, sando, person);
    await undo(context, sando, person);
    await build(context, sando);
    await sando.hire("Lee Cho", "Engineering", "Engineer", 9);
    await sando.hire("Zoë Ångström-Okonkwo 王小明", "Sales", "Account Executive", 2);
    await sando.hire("Kim Reyes", "Design", "Product Designer", 16);
    const hostile = { name: MARKUP, title: MARKUP, department: MARKUP, location: MARKUP, personal_email: "m@mail.example" };
    await sando.call("PUT", "/v1/people/hr-1", { attributes: hostile, start_date: "2026-03-02" });
    await fillWithMarkup(sando);
    await until("three decisions wait", async () => (await sando.call("GET", "/v1/approvals?state=waiting")).items.length === 3);
    await until("a task is open", async () => (await sando.call("GET", "/v1/tasks?state=open")).items.length > 0);
    await withoutScript(browser, sando);
    await keyboard(context, sando);
    await pictures(context, sando, await pagesOf(sando));
  } catch (error) {
    // What was on the screen when it went wrong.
    for (const [number, page] of browser.contexts().flatMap((one) => one.pages()).entries()) {
      console.error(`open: ${page.url()}`);
      await page.screenshot({ path: join(SCREENSHOTS, `failed-${number}.png`) }).catch(() => {});
    }
    for (const line of new Set(trouble)) console.error(`✕ ${line}`);
    throw error;
  } finally {
    await browser.close();
    await sando.stop();
  }
  for (const line of new Set(trouble)) console.error(`✕ ${line}`);
  if (trouble.length > 0) process.exit(1);
  console.log(`The console works in a browser; axe has no finding on ${checks} pictures of pages in ${SCREENSHOTS}.`);
};

await main();
