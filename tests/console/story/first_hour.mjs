// The first hour of a new administrator, in order, from an empty Sando to a trail that is verified, wherever it runs.
import { somebody } from "../browser.mjs";
import { startLodge, startProvider } from "../servers.mjs";
import { describeApplications } from "./applications.mjs";
import { hireAda, watchTimeline } from "./hire.mjs";
import { buildIntegration, connectIt } from "./integration.mjs";
import { letAdaGo, readSpend, verifyAudit } from "./leave.mjs";
import { connectLever } from "./lever.mjs";
import { seePlan, writePolicies } from "./policies.mjs";
import { USERS, atProvider, enter, nameProvider } from "./sign_in.mjs";

/** The hour with a Sando that is started so; an application to log in at is there already, or started here. */
export const firstHour = (start) => async (browser) => {
  const provider = await startProvider(USERS);
  const started = await start();
  const lodge = started.lodge ?? await startLodge(provider);
  const sando = { ...started, provider, others: [provider.url, lodge.url] };
  const context = await somebody(browser, sando);
  const who = { browser, context, sando, lodge, page: await context.newPage() };

  await enter(who);
  await connectLever(who);
  await nameProvider(who);
  await atProvider(who);
  await describeApplications(who);
  await buildIntegration(who);
  await connectIt(who);
  await writePolicies(who);
  const ada = await hireAda(who, 2);
  await watchTimeline(who, ada);
  await seePlan(who);
  await letAdaGo(who, ada, 2);
  await readSpend(who);
  await verifyAudit(who);

  await context.close();
};
