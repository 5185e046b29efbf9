// The addresses of all pages of a company, with something to see on each.
import { until } from "../running.mjs";

/** Work that somebody did not wait for, and that is done. */
const work = async (sando) => {
  const { id } = await sando.call("POST", "/v1/audit:verify", {}, { prefer: "respond-async" });
  await until("the audit is verified", async () => (await sando.call("GET", `/v1/jobs/${id}`)).state === "done");
  return id;
};

/** Each with a name for its pictures, and its status where that is not 200. A test looks that every page is here. */
export const pagesOf = async (sando) => {
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
    ["people", "/console/people"], ["people-filtered", "/console/people?app=wiki&state=active"], ["person", `/console/people/${lee.id}`], ["access", `/console/people/${lee.id}/access`],
    ["identity", `/console/people/${lee.id}/identity`], ["terminate", `/console/people/${lee.id}/terminate`],
    ["hostile", `/console/people/${hostile.id}`], ["hostile-identity", `/console/people/${hostile.id}/identity`],
    ["runs", "/console/runs"], ["run", `/console/runs/${run.id}`],
    ["integrations", "/console/integrations"], ["definition", "/console/integrations/wiki"], ["connect", "/console/connect/wiki"],
    ["account", "/console/accounts/wiki/prod"], ["users", "/console/accounts/wiki/prod/users"],
    ["user", `/console/accounts/wiki/prod/users/${encodeURIComponent(user.external_id)}`],
    ["sync", "/console/accounts/wiki/prod/syncs/syn_1"], ["credentials", "/console/accounts/wiki/prod/credentials"],
    ["disconnect", "/console/accounts/wiki/prod/disconnect"], ["import", "/console/people/import"], ["asked", "/console/inbox?view=asked"],
    ["held", "/console/accounts/mischief/prod/held"], ["hostile-account", "/console/accounts/mischief/prod"],
    ["hostile-sync", "/console/accounts/mischief/prod/syncs/syn_2"], ["hostile-user", "/console/accounts/mischief/prod/users/m-1"],
    ["hostile-definition", "/console/integrations/mischief"],
    ["rules", "/console/rules"], ["attributes", "/console/attributes"], ["new", "/console/new/policies?id=newcomers"],
    ["job", `/console/jobs/${await work(sando)}`], ["nothing", "/console/nowhere", 404],
    ["policies", "/console/policies"], ["policy", "/console/policies/makers"], ["policy-form", "/console/policies/makers/form"],
    ["rule-form", "/console/rules/arrivals/form"], ["aliases", "/console/attributes/attributes/form"],
    ["workflows", "/console/workflows"], ["workflow-form", "/console/workflows/onboard/form"],
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
    ["hostile-app", "/console/apps/hostile"], ["provisioner", "/console/apps/wiki/provisioner"], ["hostile-users", "/console/accounts/wiki/prod/users"],
    ["sign-in", "/console/sign-in"], ["audit", "/console/audit"],
    ["audit-filtered", `/console/audit?to=${lee.id}&did=account`], ["record", "/console/audit/config/1"], ["settings", "/console/settings"],
  ];
};
