// A company as an administrator configures it over the API.
import { SIGNING } from "../served/sando.mjs";

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

/** Puts all of it. */
export const configure = async ({ call, places, registerWebhooks }) => {
  const registrations = [{ name: "hires", signing_tokens: [SIGNING] }];
  await call("PUT", "/v1/settings", { lever: { api_key: places.lever.key, registrations } });
  await registerWebhooks("hires");
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
