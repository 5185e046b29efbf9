// Writing files of configuration: what would change is seen before anything is saved.
import { press, says, verdict } from "../browser.mjs";
import { until } from "../running.mjs";

/** Writes a new file of a kind; answers the sentence of the plan that was seen. */
export const write = async (who, kind, id, file) => {
  const { page, sando } = who;
  await page.goto(`${sando.url}/console/${kind}`);
  await page.getByLabel("Name of a new").fill(id);
  await press(page, "Write it");
  return save(who, kind, id, file);
};

/** Fills a file in, sees what would change, and saves it: what follows from it goes on without the page. */
export const save = async ({ page, sando }, kind, id, file) => {
  await page.getByLabel("File", { exact: true }).fill(JSON.stringify(file, null, 2));
  await press(page, "See what would change");
  const plan = await verdict(page);
  await press(page, `Save ${id}`);
  await says(page, "It is being saved");
  const place = `${sando.url}/console/${kind}/${id}`;
  await until(`${id} is saved`, async () => (await page.context().request.get(place)).status() === 200);
  return plan;
};
