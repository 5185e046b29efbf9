// Servers that Sando talks to: a real OpenID Connect and OAuth provider, and an application that nobody has seen before.
import { createServer } from "node:http";
import { createServer as listener } from "node:net";
import { atEnd, run, until } from "./running.mjs";

const { PROVIDER } = process.env;

const freePort = () => new Promise((resolve) => {
  const one = listener();
  one.listen(0, "127.0.0.1", () => { const { port } = one.address(); one.close(() => resolve(port)); });
});

/** `oidc-provider-mock` with these users: everybody logs in there by a button with their name. */
export const startProvider = async (users) => {
  const port = await freePort();
  const known = users.flatMap((user) => ["--user-claims", JSON.stringify(user)]);
  run(PROVIDER, ["--port", String(port), ...known], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await until("the provider answers", () => fetch(url).then((answer) => answer.ok, () => false));
  return { url };
};

const PEOPLE = [
  { uid: "g-1", mail: "olu.bello@contoso.example", displayName: "Olu Bello", state: "checked-in", role: "guest" },
  { uid: "g-2", mail: "lee.cho@contoso.example", displayName: "Lee Cho", state: "checked-in", role: "keeper" },
  { uid: "g-3", mail: "kim.reyes@contoso.example", displayName: "Kim Reyes", state: "checked-out", role: "guest" },
  { uid: "g-4", mail: "zoe@contoso.example", displayName: "Zoë Ångström-Okonkwo 王小明", state: "checked-in", role: "guest" },
];

/** An application whose every word is markup, and that answers as it is told: with a list, with nobody, or with a refusal. */
export const startMischief = async (markup) => {
  let how = "list";
  const somebody = (id) => ({ id, mail: `${id}@contoso.example`, name: markup, login: markup, role: markup, said: markup, note: markup, state: "on" });
  const app = createServer((_, answer) => {
    const [status, body] = how === "refuses" ? [400, { error: markup }]
      : [200, { people: how === "nobody" ? [] : ["m-1", "m-2", "m-3"].map(somebody) }];
    answer.writeHead(status, { "content-type": "application/json" });
    answer.end(JSON.stringify(body));
  });
  await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
  atEnd(() => { app.closeAllConnections(); app.close(); });
  return { url: `http://127.0.0.1:${app.address().port}`, answer: (next) => { how = next; } };
};

/** Lodge lists its people, in a shape of its own, to whoever has a token of the provider. */
export const startLodge = async (provider) => {
  const people = [...PEOPLE];
  const app = createServer(async (request, answer) => {
    const { authorization = "" } = request.headers;
    const who = await fetch(`${provider.url}/userinfo`, { headers: { authorization } });
    const is = (status, body) => {
      answer.writeHead(status, { "content-type": "application/json" });
      answer.end(JSON.stringify(body));
    };
    if (!who.ok) return is(401, { fault: "nobody logged in" });
    if (new URL(request.url, "http://lodge").pathname !== "/directory/people") return is(404, { fault: "no such door" });
    return is(200, { lodge: { people } });
  });
  await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
  atEnd(() => { app.closeAllConnections(); app.close(); });
  return {
    url: `http://127.0.0.1:${app.address().port}`,
    authorize: `${provider.url}/oauth2/authorize`,
    token: `${provider.url}/oauth2/token`,
    client: { id: "sando-at-lodge", secret: "the secret of the client" },
    logIn: (popup) => popup.getByRole("button", { name: "hanna", exact: true }).click(),
    people: PEOPLE.length,
    /** Somebody is let in by hand: Sando did not give it. */
    invite: (displayName, mail) => people.push({ uid: `g-${people.length + 1}`, mail, displayName, state: "checked-in", role: "guest" }),
  };
};
