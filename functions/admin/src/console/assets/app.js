// The console's one script. It adds, it never decides: keys, copying, asking again.
"use strict";
(() => {
  const say = (text) => {
    const line = document.createElement("p");
    line.textContent = text;
    document.getElementById("toasts")?.append(line);
    setTimeout(() => line.remove(), 5000);
  };

  // What is wrong is read first.
  const wrong = document.querySelector(".error-summary");
  if (wrong) { wrong.tabIndex = -1; wrong.focus(); }

  // Copying an id.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard?.writeText(button.dataset.copy).then(() => say("Copied " + button.dataset.copy));
  });

  // A login page opens in a window of its own, which closes itself when it is done.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-popup]");
    if (link && window.open(link.href, "_blank", "popup,width=560,height=720")) event.preventDefault();
  });
  if (document.querySelector("[data-done]")) window.close();

  // What ends by itself counts down, and speaks at a minute and at ten seconds.
  setInterval(() => document.querySelectorAll("[data-ends]").forEach((one) => {
    const left = Math.max(0, Math.round((Date.parse(one.dataset.ends) - Date.now()) / 1000));
    one.textContent = left ? Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0") + " left" : "over";
    if (left === 60 || left === 10) say("The login for the test is good for " + left + " more seconds.");
  }), 1000);

  // A page that is being left asks for nothing more.
  let leaves = false;
  addEventListener("pageshow", () => { leaves = false; });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    // Such a form stays on the page: what is sent is saved, as often as one likes.
    if (form.hasAttribute("hx-boost")) return;
    if (unsaved().some((one) => one !== form) && !confirm("What was typed into another form is not saved. Go on without it?")) {
      event.preventDefault();
      return;
    }
    typed.clear();
    leaves = true;
    if (form.method === "post") form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // What was typed into a form that is saved as a whole is not lost by a wrong key, nor by sending another form.
  const typed = new Set();
  const unsaved = () => [...typed].filter((form) => form.isConnected);
  let inputs = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-unsaved]");
    if (!form) return;
    inputs += 1;
    typed.add(form);
  });
  addEventListener("beforeunload", (event) => { if (unsaved().length > 0) event.preventDefault(); });

  // What saves as one types has saved what was typed before it asked.
  const before = new WeakMap();
  document.addEventListener("htmx:before:request", (event) => before.set(event.detail.ctx, inputs));
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const saves = ctx.request.method === "POST" && ctx.response?.raw.ok && ctx.text?.includes('id="saved"');
    if (saves && before.get(ctx) === inputs) typed.delete(document.getElementById("saved")?.closest("form"));
  });

  // What somebody opened or closed stays so, and the row where they are stays marked, when the part around it comes again.
  const turned = new WeakSet();
  document.addEventListener("click", (event) => {
    const details = event.target.closest("summary")?.parentElement;
    if (details) turned.add(details);
  });
  globalThis.htmx?.registerExtension("stays", {
    htmx_before_morph_attr: (one, { attrName }) =>
      !(attrName === "open" && turned.has(one)) && !(attrName === "class" && one.matches(".is-here")),
  });

  // What asks again rests while nobody looks, and asks less often the longer it lasts.
  const begun = Date.now();
  let last = 0;
  document.addEventListener("htmx:before:request", (event) => {
    if (leaves) { event.preventDefault(); return; }
    const asks = event.target.closest?.("[data-asks]");
    if (!asks) return;
    const age = Date.now() - begun;
    const pause = age < 60000 ? 0 : age < 600000 ? 5000 : 15000;
    if (document.hidden || Date.now() - last < pause) { event.preventDefault(); return; }
    last = Date.now();
    const { action, headers } = event.detail.ctx.request;
    if (came.has(action)) headers["If-None-Match"] = came.get(action);
  });
  // What came last has a name: with it only what moved since is sent.
  const came = new Map();
  document.addEventListener("htmx:after:swap", (event) => {
    const { request, response } = event.detail.ctx;
    const name = response?.headers.get("ETag");
    if (name && event.target.closest?.("[data-asks]")) came.set(request.action, name);
  });
  document.addEventListener("htmx:error", () => say("This part could not be loaded. Reload the page; nothing is lost."));

  // Keys. None of them decides anything, and single ones can be switched off.
  const off = document.getElementById("keys")?.hasAttribute("data-off");
  const places = { o: "/console", i: "/console/inbox", p: "/console/people", r: "/console/runs", n: "/console/integrations",
    l: "/console/policies", s: "/console/spend", a: "/console/audit" };
  let chord = 0;
  let row = -1;
  const within = (one) => one.querySelector("a") ?? one.querySelector("summary, input[type=checkbox]");
  const rows = () => [...document.querySelectorAll("main tbody tr")].filter(within);
  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    row = Math.max(0, Math.min(all.length - 1, row + by));
    all.forEach((one, place) => one.classList.toggle("is-here", place === row));
    within(all[row]).focus();
  };
  /** Something in the row where one is. */
  const here = (what) => rows()[row]?.querySelector(what);
  /** The tab, or the step of the wizard, before or after this one. */
  const turn = (by) => {
    const all = [...document.querySelectorAll("main nav.tabs > :is(a, button)")];
    const at = all.findIndex((one) => one.hasAttribute("aria-current"));
    if (at >= 0) all[at + by]?.click();
  };
  /** Only a form that shows or tries something is sent by a key: none of them decides. */
  const send = (from) => {
    const form = from.closest("form");
    if (form?.method === "get") form.requestSubmit();
    else (form ?? document).querySelector("[data-enter]")?.click();
  };
  /** The palette; where there is none, the page is one. */
  const find = () => {
    const palette = document.getElementById("find");
    if (palette && !palette.open) palette.showModal();
    else document.querySelector("[data-find]")?.focus();
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => { const filter = document.querySelector("main input[type=search]"); filter ? filter.focus() : find(); },
    x: () => here("input[type=checkbox]:enabled")?.click(),
    e: () => (here("summary") ?? here("a"))?.click(),
    c: () => {
      const link = here("a")?.href ?? location.href;
      navigator.clipboard?.writeText(link).then(() => say("Copied " + link));
    },
    "[": () => turn(-1),
    "]": () => turn(1),
    "?": () => document.getElementById("keys")?.showModal(),
    r: () => document.getElementById("reason")?.focus(),
    g: () => { chord = Date.now(); },
  };
  document.addEventListener("keydown", (event) => {
    const palette = event.target.closest("#find");
    if (palette && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const all = [palette.querySelector("input"), ...palette.querySelectorAll("#found a")];
      const next = all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      all[Math.max(0, Math.min(all.length - 1, next))].focus();
      event.preventDefault();
      return;
    }
    const inField = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if ((event.metaKey || event.ctrlKey) && event.key === "k") {
      event.preventDefault();
      find();
      return;
    }
    if ((event.metaKey || event.ctrlKey) && event.key === "Enter") {
      event.preventDefault();
      send(event.target);
      return;
    }
    if (off || inField || event.metaKey || event.ctrlKey || event.altKey) return;
    if (chord && Date.now() - chord < 1500 && places[event.key]) { location.assign(places[event.key]); chord = 0; return; }
    chord = 0;
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens=find]") && document.getElementById("find")) { event.preventDefault(); find(); }
    if (event.target.closest("[data-opens=keys]")) document.getElementById("keys")?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
})();
