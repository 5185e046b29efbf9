// A Sando as tests use one, wherever it runs: its API, and what people do in the simulated Lever beside it.
import { press } from "../browser.mjs";

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

/** By the link that a start prints, once. */
export const byLink = (link) => async (page) => {
  await page.goto(link);
  await press(page, "Sign in");
};

/** With an API key, or with the administrator's token. */
export const byKey = (url, key) => async (page) => {
  await page.goto(`${url}/console/sign-in`);
  await page.getByLabel("API key").fill(key);
  await press(page, "Sign in");
};

/** The Sando at an address; `enter` signs the first administrator in, `places` says where everything around it is. */
export const sandoAt = ({ url, token, enter, places, lodge }) => {
  const call = (method, path, body, headers = {}) => json(url + path, method, body, { ...headers, authorization: `Bearer ${token}` });
  const lever = (path, body) => json(`${places.lever.control_url}${path}`, "POST", body);
  /** Somebody applies in Lever. */
  const apply = (name, department, title, inDays) => lever("/candidates", { name, department, title, location: "Berlin",
    emails: [`${name.toLowerCase().replace(/[^a-z]+/g, ".")}@mail.example`], start_date_ms: Date.now() + inDays * DAY });
  return {
    url, enter, places, lodge, call, lever, apply,
    /** Where else pages may lead, to log in. */
    others: [],
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
