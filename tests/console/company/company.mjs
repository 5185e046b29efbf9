// A company that is configured: its days, and a picture of each of its pages.
import { somebody } from "../browser.mjs";
import { pictures, weigh } from "../pictures.mjs";
import { until } from "../running.mjs";
import { serve } from "../served/serve.mjs";
import { hireAda } from "../story/hire.mjs";
import { letAdaGo, verifyAudit } from "../story/leave.mjs";
import { enter } from "../story/sign_in.mjs";
import { enlarged } from "../zoomed.mjs";
import { configure } from "./configured.mjs";
import { fillIn } from "./forms.mjs";
import { handsOnWhileItAsks, keyboard, keysOfRows, withoutScript } from "./hands.mjs";
import { build, connect, takeFromCatalogue } from "./integrations.mjs";
import { MARKUP, fillWithMarkup } from "./markup.mjs";
import { pagesOf } from "./pages.mjs";
import { undo } from "./undo.mjs";
import { viewer } from "./viewer.mjs";

const waiting = async (sando, path, count) => until(`${count} at ${path}`, async () => (await sando.call("GET", path)).items.length >= count);

/** People of every kind, and markup in every field that comes from outside. */
const furnish = async (sando) => {
  await sando.hire("Lee Cho", "Engineering", "Engineer", 9);
  await sando.hire("Zoë Ångström-Okonkwo 王小明", "Sales", "Account Executive", 2);
  await sando.hire("Kim Reyes", "Design", "Product Designer", 16);
  const attributes = { name: MARKUP, title: MARKUP, department: MARKUP, location: MARKUP, personal_email: "m@mail.example" };
  await sando.call("PUT", "/v1/people/hr-1", { attributes, start_date: "2026-03-02" });
  await fillWithMarkup(sando);
  await waiting(sando, "/v1/approvals?state=waiting", 3);
  await waiting(sando, "/v1/tasks?state=open", 1);
};

export const company = async (browser) => {
  const sando = await serve();
  const context = await somebody(browser, sando);
  const page = await context.newPage();
  const who = { browser, context, sando, page };
  await enter(who);
  await configure(sando);
  const ada = await hireAda(who, 3);
  await connect(context, sando);
  await letAdaGo(who, ada, 3);
  await verifyAudit(who);
  await undo(context, sando, ada);
  await build(context, sando);
  await takeFromCatalogue(context, sando);
  await fillIn(context, sando);
  await furnish(sando);
  await withoutScript(browser, sando);
  await keyboard(context, sando);
  await keysOfRows(context, sando);
  await handsOnWhileItAsks(context, sando);
  const pages = await pagesOf(sando);
  await viewer(browser, context, sando, pages);
  const first = await somebody(browser, sando, { storageState: await context.storageState() });
  await weigh(first, sando, "/console");
  await pictures(context, sando, pages);
  await enlarged(browser, context, sando, pages);
};
