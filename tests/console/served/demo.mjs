// `sando demo --first-hour`: everything that is used is what it prints, as for somebody who does it by hand.
import { run, until } from "../running.mjs";
import { linesOf } from "./printed.mjs";
import { byLink, sandoAt } from "./sando.mjs";

const { SANDO_BIN } = process.env;

/** Lodge as the demo has it, with a login page of its own. */
const lodgeOf = (after, invite) => {
  const url = after("Base URL: ");
  return {
    url,
    authorize: after("Authorization URL: "),
    token: after("Token URL: "),
    client: { id: after("Client ID: "), secret: after("Client secret: ") },
    logIn: (popup) => popup.getByRole("link", { name: "Let Sando in" }).click(),
    people: 4,
    /** Somebody is let in by hand: Sando did not give it. */
    invite: (displayName, mail) => fetch(invite, { method: "POST", body: JSON.stringify({ displayName, mail }) }),
  };
};

export const demo = async () => {
  const { stderr } = run(SANDO_BIN, ["demo", "--first-hour", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"], env: {} });
  const { lines, after } = linesOf(stderr);
  await until("the demo waits", () => lines.includes("Ctrl-C ends it."));
  const found = (pattern) => lines.map((line) => line.match(pattern)).filter((match) => match !== null);
  const [[, control_url]] = found(/(http\S+\/control)\//);
  const [[, key]] = found(/^Lever: the API key is ([^.]+)\./);
  const scim = found(/^  .+ (http\S+\/scim\/v2) (\S+)$/).map(([, base_url, token]) => ({ base_url, token }));
  const [[, invite]] = found(/(http\S+\/invite)/);
  return sandoAt({
    url: after("Sando: "),
    token: after("Its administrator's token: "),
    enter: byLink(after("The console, once and within an hour: ")),
    places: { lever: { control_url, key }, scim },
    lodge: lodgeOf(after, invite),
  });
};
