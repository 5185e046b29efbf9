// The console in a real browser: the first hour of a new administrator, then a company with a picture of every page, and each
// page enlarged.
// Run by tests/console/run, which says what the environment has to have. ONLY=story or ONLY=company runs one of them; ONLY=demo and
// ONLY=aws play the hour elsewhere.
import { mkdirSync } from "node:fs";
import { lastPictures, launch, trouble } from "./browser.mjs";
import { company } from "./company/company.mjs";
import { looked } from "./pictures.mjs";
import { endAll } from "./running.mjs";
import { aws } from "./served/aws.mjs";
import { demo } from "./served/demo.mjs";
import { serve } from "./served/serve.mjs";
import { firstHour } from "./story/first_hour.mjs";

const { ONLY, SCREENSHOTS } = process.env;
const PARTS = { story: firstHour(serve), company, demo: firstHour(demo), aws: firstHour(aws) };

const chosen = ONLY === undefined ? [PARTS.story, PARTS.company] : [PARTS[ONLY]];
if (chosen.includes(undefined)) throw new Error(`ONLY is one of ${Object.keys(PARTS).join(", ")}`);

mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await launch();
try {
  for (const part of chosen) {
    await part(browser);
    await endAll();
  }
} catch (error) {
  await lastPictures(browser);
  trouble.push(error.stack);
} finally {
  await browser.close();
  await endAll();
}
for (const line of new Set(trouble)) console.error(`✕ ${line}`);
if (trouble.length > 0) process.exit(1);
console.log(`The console works in a browser; axe has no finding on ${looked()} pictures of pages in ${SCREENSHOTS}.`);
process.exit(0);
