// A real `sando serve` with the simulated world around it; nothing is configured yet.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, run, until } from "../running.mjs";
import { linesOf, printed } from "./printed.mjs";
import { byLink, sandoAt } from "./sando.mjs";

const { SANDO_BIN, WORLD_BIN } = process.env;
const TOKEN = "an-admin-token-for-the-browser-test";

/** A Sando that runs, new and empty. */
export const serve = async () => {
  const folder = mkdtempSync(join(tmpdir(), "sando-console-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const places = await printed("the world", WORLD_BIN, []);
  const { stderr } = run(SANDO_BIN, ["serve", "--listen", "127.0.0.1:0", "--data", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { SANDO_ADMIN_TOKEN: TOKEN, SANDO_ALLOW_LOOPBACK: "1", SANDO_LEVER_API_URL: places.lever.api_url },
  });
  const { after } = linesOf(stderr);
  const link = await until("Sando starts", () => after("The console, once and within an hour: "));
  return sandoAt({ url: after("Sando listens on "), token: TOKEN, enter: byLink(link), places });
};
