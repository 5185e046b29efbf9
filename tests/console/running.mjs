// What a test runs beside the browser: waited for until it is ready, and stopped when the test is over.
import { spawn } from "node:child_process";

const ends = [];

/** Something to be done when the test is over; what was begun last ends first. */
export const atEnd = (end) => ends.push(end);

/** Starts a program that is stopped when the test is over. */
export const run = (program, args, options) => {
  const one = spawn(program, args, options);
  const ended = new Promise((end) => one.once("exit", end));
  atEnd(() => { one.kill("SIGINT"); return ended; });
  return one;
};

/** Ends everything that was begun. */
export const endAll = async () => {
  while (ends.length > 0) await ends.pop()();
};

/** Generous, also for functions that start cold: every wait is for a condition, and ends as soon as it holds. */
export const PATIENCE_SECS = 120;

/** Waits until a condition holds; the error says which one did not. */
export const until = async (what, condition, seconds = PATIENCE_SECS) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
