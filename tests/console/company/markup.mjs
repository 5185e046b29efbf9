// Markup wherever an application, Lever or a person can write something.
import assert from "node:assert/strict";
import { until } from "../running.mjs";
import { startMischief } from "../servers.mjs";

export const MARKUP = `"><script>window.ran=1</script><img src=x onerror="window.ran=1">`;

/** An application that maps markup to every field, refuses once with markup, and then has nobody any more: that is held. */
const connectMischief = async (sando) => {
  const mischief = await startMischief(MARKUP);
  const account = "/v1/accounts/mischief/prod";
  const ends = (state) => until(`a sync of mischief is ${state}`, async () => (await sando.call("GET", account)).last_sync?.state === state);
  await sando.call("PUT", "/v1/definitions/mischief", { definition: "mischief", app: "hostile", name: MARKUP, base_url: mischief.url,
    auth: { type: "bearer" }, users: { path: "/people", response_path: "people" },
    map: { external_id: "id", email: "mail", full_name: "name", username: "login", role: "role" },
    status: { active_when: [{ path: "state", op: "is", value: "on" }], in_app: { field: "said" } },
    licenses: { auto: { name: MARKUP } }, custom_fields: { note: "note" } });
  await sando.call("PUT", account, { credentials: { token: "a-token" } });
  await ends("done");
  mischief.answer("refuses");
  await sando.call("POST", `${account}:sync`, {});
  await ends("failed");
  mischief.answer("nobody");
  await sando.call("POST", `${account}:enable`, {});
  await ends("held");
};

/** Every field that an application, Lever or a person can fill is filled with markup; none of it may run. */
export const fillWithMarkup = async (sando) => {
  await sando.hire(`Mallory ${MARKUP}`, MARKUP, MARKUP, 5);
  const rule = { path: MARKUP, op: "is", value: MARKUP };
  await sando.call("PUT", "/v1/drafts/hostile", { definition: "hostile", app: MARKUP, name: MARKUP, base_url: MARKUP,
    variables: { [MARKUP]: { label: MARKUP } }, users: { path: MARKUP, query: { [MARKUP]: MARKUP } },
    map: { email: MARKUP, role: { first_of: [MARKUP] } }, status: { active_when: [rule] },
    licenses: { conditions: [{ name: MARKUP, when: [{ path: "a", op: "some", where: [rule] }] }] }, custom_fields: { [MARKUP]: MARKUP } });
  await sando.call("PUT", "/v1/apps/hostile", { name: MARKUP, owner: MARKUP });
  await connectMischief(sando);
  const made = await fetch(`${sando.places.http.base_url}/members`, { method: "POST",
    headers: { "x-api-key": sando.places.http.api_key, "content-type": "application/json" },
    body: JSON.stringify({ email: "mallory@contoso.example", role: MARKUP }) });
  assert.ok(made.ok, `the application answers ${made.status}`);
  await sando.call("POST", "/v1/accounts/wiki/prod:sync", {});
  await until("the roster has the markup", async () =>
    JSON.stringify(await sando.call("GET", "/v1/accounts/wiki/prod/users")).includes("window.ran"));
  await sando.call("POST", "/v1/keys", { name: `k ${MARKUP}`.slice(0, 100), scopes: ["read"], roles: [MARKUP] });
};
