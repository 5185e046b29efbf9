// Every page enlarged to twice and to four times its size: it is read from top to bottom, nothing is cut, nothing lies over
// anything else, and whoever goes by keys sees where they are. Only what has a scroll area of its own moves sideways: code,
// files and pictures.
import assert from "node:assert/strict";
import { somebody, trouble } from "./browser.mjs";

/** A window of 1280 × 1024 at 200 % and 400 %, in CSS pixels. */
const ZOOMS = [[2, 640, 512], [4, 320, 256]];

/** What is wrong with a page as it is now, in words; runs in the page. */
const measure = () => {
  const SLACK = 3;
  const MAY_SCROLL = "pre, textarea, .graph";
  const IS_SHORT = ".clip, .visually-hidden, .visually-hidden *, thead, thead *";
  const wrong = [];
  const said = (one) => `<${one.localName} class="${one.getAttribute("class") ?? ""}"> "${(one.textContent || one.value || "").trim().slice(0, 40)}"`;
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".visually-hidden, .skip, thead, svg, dialog:not([open])");

  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) wrong.push(`${wide} px too wide`);
  const all = [...document.body.querySelectorAll("*")].filter(isSeen);
  for (const one of all) {
    const style = getComputedStyle(one);
    const isWider = one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && style.overflowX !== "visible";
    const mayBeWider = one.matches(`${MAY_SCROLL}, ${IS_SHORT}, input, select`);
    if (isWider && !mayBeWider) wrong.push(`${style.overflowX === "hidden" ? "cut" : "scrolls sideways"}: ${said(one)}`);
    const isHigher = one.scrollHeight > one.clientHeight + 1 && one.clientHeight > 0 && ["hidden", "clip"].includes(style.overflowY);
    if (isHigher && !one.matches(IS_SHORT)) wrong.push(`cut below: ${said(one)}`);
    const { left, right, width } = one.getBoundingClientRect();
    if (width > 0 && (left < -1 || right > innerWidth + 1) && !one.closest(MAY_SCROLL)) wrong.push(`beside the page: ${said(one)}`);
  }

  // Lines of text and controls; none has a place that another one has.
  const boxes = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const one = text.parentElement;
    if (!text.data.trim() || !isSeen(one) || one.closest("option, script, pre, textarea")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const clip = one.closest(".clip");
    for (const box of clip ? [clip.getBoundingClientRect()] : range.getClientRects()) boxes.push({ one, box });
  }
  for (const one of all.filter((one) => one.matches("input, select, textarea, button, .button, img"))) boxes.push({ one, box: one.getBoundingClientRect() });
  boxes.sort((a, b) => a.box.top - b.box.top);
  boxes.forEach(({ one, box }, place) => {
    for (let next = place + 1; next < boxes.length && boxes[next].box.top < box.bottom - SLACK; next += 1) {
      const { one: other, box: its } = boxes[next];
      const over = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const isApart = one !== other && !one.contains(other) && !other.contains(one);
      if (isApart && over > SLACK) wrong.push(`${said(one)} lies over ${said(other)}`);
    }
  });

  // Keys were used last, so that a focus set by a script is shown as well.
  for (const one of all.filter((one) => one.tabIndex >= 0 && !one.disabled && !one.closest("[inert]"))) {
    one.focus({ preventScroll: true });
    if (document.activeElement !== one) continue;
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) wrong.push(`no focus to be seen: ${said(one)}`);
  }
  return [...new Set(wrong)];
};

/** What is wrong with a page on paper: it is as wide as that, and nothing on it can only be pressed. */
const onPaper = () => {
  const pressed = [...document.querySelectorAll("button, .button, .rail, .skip")].filter((one) => one.checkVisibility());
  const wide = document.documentElement.scrollWidth - innerWidth;
  return [...pressed.map((one) => `on paper: ${one.outerHTML.slice(0, 60)}`), ...(wide > 0 ? [`${wide} px too wide for paper`] : [])];
};

/** Where the reader chooses the colours: is the part that one is in still told from the others? */
const inTheirColours = () => {
  const lines = [...document.querySelectorAll(".rail nav a")].map((one) => [one.hasAttribute("aria-current"), getComputedStyle(one).borderBottomColor]);
  const here = lines.find(([isHere]) => isHere)?.[1];
  return here !== undefined && lines.some(([isHere, colour]) => !isHere && colour === here) ? ["in forced colours no part is told from the others"] : [];
};

/** Looks at the pages with these addresses, each of which has the status that it has. */
export const enlarged = async (browser, context, sando, pages) => {
  const storageState = await context.storageState();
  for (const [deviceScaleFactor, width, height] of ZOOMS) {
    const theirs = await somebody(browser, sando, { storageState, deviceScaleFactor, viewport: { width, height }, reducedMotion: "reduce" });
    const page = await theirs.newPage();
    for (const [name, path, status = 200] of pages) {
      const answer = await page.goto(sando.url + path);
      assert.equal(answer.status(), status, `${path}: ${answer.status()}`);
      await page.keyboard.press("Tab");
      const wrong = await page.evaluate(measure);
      await page.emulateMedia({ media: "print" });
      wrong.push(...await page.evaluate(onPaper));
      await page.emulateMedia({ media: "screen", forcedColors: "active" });
      wrong.push(...await page.evaluate(inTheirColours));
      await page.emulateMedia({ media: "screen", forcedColors: "none" });
      for (const one of wrong) trouble.push(`${name} at ${deviceScaleFactor * 100} %: ${one}`);
    }
    await theirs.close();
  }
};
