// The deployment on emulated AWS with the simulated world around it, empty, behind a domain of its own: the emulator's own
// address of an API has a path in front of every other, which no page of Sando knows.
import { createServer, request } from "node:http";
import { atEnd } from "../running.mjs";
import { printed } from "./printed.mjs";
import { byKey, sandoAt } from "./sando.mjs";

const { EMULATOR } = process.env;

/** Passes everything on to the API as it came, over TLS as far as the API is told: that is how AWS does it. */
const domainOf = async (api) => {
  const { hostname, port, pathname } = new URL(api);
  const domain = createServer((asked, answer) => {
    const { connection, ...headers } = asked.headers;
    const passed = request({
      hostname, port, path: pathname + asked.url, method: asked.method, agent: false,
      headers: { ...headers, "x-forwarded-proto": "https" },
    }, (came) => {
      answer.writeHead(came.statusCode, came.rawHeaders);
      came.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((resolve) => domain.listen(0, "127.0.0.1", resolve));
  atEnd(() => { domain.closeAllConnections(); domain.close(); });
  return `http://127.0.0.1:${domain.address().port}`;
};

/** There is no link: nobody sees a function start. The first administrator comes with the token that was put among the secrets. */
export const aws = async () => {
  const { api, token, places } = await printed("the deployment", EMULATOR, ["tests/aws/empty.py"]);
  const url = await domainOf(api);
  return sandoAt({ url, token, enter: byKey(url, token), places });
};
