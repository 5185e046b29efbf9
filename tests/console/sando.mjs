// A real `sando serve` with the simulated world around it, configured as an administrator would over the API.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const TOKEN = "an-admin-token-for-the-browser-test";
const SIGNING = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";
const DAY = 24 * 60 * 60 * 1000;

/** Waits until a condition holds; the error says which one did not. */
export const until = async (what, condition, seconds = 30) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const json = async (url, method, body, headers = {}) => {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
};

/** Starts the world and prints where it is. */
const startWorld = async (binary) => {
  const process = spawn(binary, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  process.stdout.on("data", (data) => { text += data; });
  const places = await until("the world starts", () => { try { return JSON.parse(text); } catch { return null; } });
  return { process, places };
};

const attributes = {
  attributes: {
    name: { first_of: ["opportunity.name", "contact.name"] },
    personal_email: { first_of: ["opportunity.emails[0]", "contact.emails[0]"] },
    work_email: { address: "{first_name}.{last_name}@contoso.example" },
    department: "posting.categories.department",
    location: "posting.categories.location",
    title: { first_of: ["offer.fields[identifier=job_title].value", "posting.text"] },
    start_date: "offer.fields[identifier=anticipated_start_date].value",
  },
  required: ["name", "personal_email", "department"],
};

const wiki = (places) => ({
  name: "Wiki", owner: "it@contoso.example",
  provisioner: {
    type: "http", base_url: places.http.base_url, unique: true,
    auth: { type: "headers", headers: [{ name: "X-Api-Key", value: "later" }] },
    actions: {
      find: { path: "/members?email={work_email}", response_path: "members", id: "id",
        active: { path: "state", op: "is", value: "active" } },
      create: { method: "POST", path: "/members", id: "id", already: [409],
        body: { email: "{work_email}", role: "{grant.role}" } },
      suspend: { method: "POST", path: "/members/{user.id}/suspend" },
      restore: { method: "POST", path: "/members/{user.id}/restore" },
    },
  },
});

const scim = (name, place, plans) => ({
  name, owner: "it@contoso.example", plans,
  provisioner: { type: "scim", base_url: place.base_url, auth: { type: "bearer" }, create_groups: true,
    group_for: { plan: { professional: "Pro Seats" } } },
});

/** A Sando that runs, with a company in it. */
export const start = async (binaries) => {
  const folder = mkdtempSync(join(tmpdir(), "sando-console-"));
  const world = await startWorld(binaries.world);
  const { places } = world;
  const process = spawn(binaries.sando, ["serve", "--listen", "127.0.0.1:0", "--data", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { SANDO_ADMIN_TOKEN: TOKEN, SANDO_ALLOW_LOOPBACK: "1", SANDO_LEVER_API_URL: places.lever.api_url,
      SANDO_LEVER_API_KEY: places.lever.key, SANDO_LEVER_SIGNING_TOKEN: SIGNING },
  });
  const log = [];
  createInterface({ input: process.stderr }).on("line", (line) => log.push(line));
  const said = (begin) => log.find((line) => line.startsWith(begin))?.slice(begin.length);
  const link = await until("Sando starts", () => said("The console, once and within an hour: "));
  const url = said("Sando listens on ");
  const call = (method, path, body) => json(url + path, method, body, { authorization: `Bearer ${TOKEN}` });
  const control = (path, body) => json(`${places.lever.control_url}${path}`, "POST", body);
  const sando = {
    url, link, log, call, places,
    /** Somebody signs an offer and is hired. */
    hire: async (name, department, title, inDays) => {
      const ids = await control("/candidates", { name, department, title, location: "Berlin",
        emails: [`${name.toLowerCase().replace(/[^a-z]+/g, ".")}@mail.example`], start_date_ms: Date.now() + inDays * DAY });
      await control("/hire", { opportunity: ids.opportunity });
      return ids;
    },
    stop: async () => {
      for (const one of [process, world.process]) one.kill("SIGINT");
      await Promise.all([process, world.process].map((one) => one.exitCode === null && new Promise((end) => one.once("exit", end))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await configure(sando);
  for (const event of ["candidateHired", "candidateArchiveChange", "candidateDeleted"]) {
    await control("/webhooks", { event, url: `${url}/webhooks/lever`, signing_token: SIGNING });
  }
  return sando;
};

const configure = async ({ call, places }) => {
  await call("PUT", "/v1/attributes", attributes);
  await call("PUT", "/v1/apps/mail", scim("Mail", places.scim[0], []));
  const price = { amount_minor: 1500, currency: "USD", per: "month" };
  const plans = [{ id: "viewer", name: "Viewer" }, { id: "professional", name: "Professional", price, seats: 120 }];
  await call("PUT", "/v1/apps/design", scim("Design", places.scim[1], plans));
  await call("PUT", "/v1/apps/wiki", wiki(places));
  await call("PUT", "/v1/apps/laptop", { name: "Laptop", owner: "it@contoso.example" });
  await call("PUT", "/v1/apps/mail/credentials", { credentials: { token: places.scim[0].token } });
  await call("PUT", "/v1/apps/design/credentials", { credentials: { token: places.scim[1].token } });
  await call("PUT", "/v1/apps/wiki/credentials", { credentials: { "X-Api-Key": places.http.api_key } });
  const everybody = [{ app: "mail" }, { app: "wiki", role: "editor" }];
  await call("PUT", "/v1/policies/everybody", { policy: "everybody", grants: everybody });
  await call("PUT", "/v1/policies/makers", {
    policy: "makers",
    when: [{ path: "department", op: "any_of", value: ["Engineering", "Design"] }],
    grants: [{ app: "design", plan: "professional", approval: { by: ["role:it-admin"], expires: "72h" } }],
  });
  await call("PUT", "/v1/policies/sales", {
    policy: "sales", when: [{ path: "department", op: "is", value: "Sales" }], grants: [{ app: "laptop" }],
  });
  await call("PUT", "/v1/definitions/wiki", {
    definition: "wiki", app: "wiki", name: "Wiki", base_url: places.http.base_url,
    auth: { type: "headers", headers: [{ name: "X-Api-Key", value: "later", label: "API key" }] },
    users: { path: "/members", response_path: "members" },
    map: { external_id: "id", email: "email", role: "role" },
    status: { active_when: [{ path: "state", op: "is", value: "active" }] },
  });
};
