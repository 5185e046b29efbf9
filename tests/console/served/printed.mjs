// What programs print when they have started.
import { createInterface } from "node:readline";
import { run, until } from "../running.mjs";

/** Starts a program that prints a JSON value and stays; answers the value. */
export const printed = (what, program, args) => {
  let text = "";
  run(program, args, { stdio: ["ignore", "pipe", "inherit"] }).stdout.on("data", (data) => { text += data; });
  return until(`${what} starts`, () => { try { return JSON.parse(text); } catch { return null; } });
};

/** The lines that come out, and what stands after some words at the beginning of one of them. */
export const linesOf = (stream) => {
  const lines = [];
  createInterface({ input: stream }).on("line", (line) => lines.push(line));
  const after = (words) => lines.find((line) => line.trimStart().startsWith(words))?.trimStart().slice(words.length);
  return { lines, after };
};
