// A real `sando serve` with the simulated world around it; nothing is configured yet.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { atEnd, run, until } from "./running.mjs";

const { SANDO_BIN, WORLD_BIN } = process.env;
const TOKEN = "an-admin-token-for-the-browser-test";
/** What Lever signs its webhooks with. */
export const SIGNING = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";
const DAY = 24 * 60 * 60 * 1000;
const EVENTS = ["candidateHired", "candidateArchiveChange", "candidateDeleted"];

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

/** Starts the world, which prints where everything in it is. */
const startWorld = () => {
  let text = "";
  run(WORLD_BIN, [], { stdio: ["ignore", "pipe", "inherit"] }).stdout.on("data", (data) => { text += data; });
  return until("the world starts", () => { try { return JSON.parse(text); } catch { return null; } });
};

/** A Sando that runs, new and empty; with a provider if somebody is to sign in or log in there. */
export const start = async (provider) => {
  const folder = mkdtempSync(join(tmpdir(), "sando-console-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const places = await startWorld();
  const { stderr } = run(SANDO_BIN, ["serve", "--listen", "127.0.0.1:0", "--data", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { SANDO_ADMIN_TOKEN: TOKEN, SANDO_ALLOW_LOOPBACK: "1", SANDO_LEVER_API_URL: places.lever.api_url },
  });
  const log = [];
  createInterface({ input: stderr }).on("line", (line) => log.push(line));
  const said = (begin) => log.find((line) => line.startsWith(begin))?.slice(begin.length);
  const link = await until("Sando starts", () => said("The console, once and within an hour: "));
  const url = said("Sando listens on ");
  const call = (method, path, body, headers = {}) => json(url + path, method, body, { ...headers, authorization: `Bearer ${TOKEN}` });
  const lever = (path, body) => json(`${places.lever.control_url}${path}`, "POST", body);
  /** Somebody applies in Lever. */
  const apply = (name, department, title, inDays) => lever("/candidates", { name, department, title, location: "Berlin",
    emails: [`${name.toLowerCase().replace(/[^a-z]+/g, ".")}@mail.example`], start_date_ms: Date.now() + inDays * DAY });
  return {
    url, link, log, call, places, lever, apply, provider,
    /** Somebody signs an offer and is hired. */
    hire: async (...who) => lever("/hire", { opportunity: (await apply(...who)).opportunity }),
    /** In Lever's settings a webhook is saved for each event that Sando looks at. Answers their ids there. */
    registerWebhooks: async (registration) => {
      const ids = [];
      for (const event of EVENTS) {
        ids.push((await lever("/webhooks", { event, url: `${url}/webhooks/lever/${registration}`, signing_token: SIGNING })).id);
      }
      return ids;
    },
  };
};
