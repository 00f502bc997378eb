// Keys for lists and for an item's page. They sleep while somebody types.
import { say } from "./forms.js";
import { refresh } from "./live.js";

const page = document.body.dataset.page;

function stops() {
  const found = document.querySelectorAll(page === "item" ? "summary[data-frame]" : "[data-row]");
  return [...found].filter((each) => each.checkVisibility());
}

function target(stop) {
  return stop.matches("summary") ? stop : stop.querySelector("a");
}

function chosen() {
  return document.activeElement?.closest("[data-row]") ?? document.querySelector("[data-row].chosen");
}

export function choose(row) {
  for (const each of document.querySelectorAll(".chosen")) each.classList.remove("chosen");
  row?.classList.add("chosen");
}

function move(step) {
  const all = stops();
  if (!all.length) return;
  const at = all.findIndex((stop) => stop.contains(document.activeElement));
  const from = at >= 0 ? at : all.indexOf(document.querySelector(".chosen"));
  const next = all[from < 0 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1)];
  target(next).focus({ focusVisible: true });
  next.scrollIntoView({ block: "nearest" });
  if (next.matches("[data-row]")) choose(next);
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

async function change(key) {
  const form = document.querySelector(`form[data-key="${key}"]`);
  if (form) {
    form.requestSubmit();
    return;
  }
  const row = chosen();
  if (!row?.dataset.status) return;
  const wanted = key === "r" ? "resolved" : "muted";
  const status = row.dataset.status === wanted ? "active" : wanted;
  const token = document.querySelector('meta[name="form-token"]').content;
  const answer = await fetch(`/item/${row.dataset.id}/change`, {
    method: "POST",
    body: new URLSearchParams({ form_token: token, status }),
    redirect: "manual",
  });
  // A redirection is what a form that was taken is answered with.
  if (answer.type === "opaqueredirect") {
    say(status === "active" ? "Reopened" : status === "resolved" ? "Resolved" : "Muted");
    await refresh();
  } else {
    say("The item could not be changed: load the page anew");
  }
}

function help() {
  const dialog = document.querySelector("[data-help]");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  n: () => follow('a[rel="next"]'),
  p: () => follow('a[rel="prev"]'),
  r: () => change("r"),
  m: () => change("m"),
  "?": help,
  "/": () => {
    const box = document.querySelector('main input[type="search"]');
    box?.focus();
    box?.select();
  },
  Enter: () => {
    if (document.activeElement === document.body) document.querySelector("[data-row].chosen a")?.click();
  },
};

function isTyping(element) {
  return element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

export function startKeys() {
  const button = document.querySelector("[data-help-button]");
  button.hidden = false;
  button.addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const act = KEYS[event.key];
    if (!act) return;
    if (event.key !== "Enter") event.preventDefault();
    act();
  });
  // Counts and times lie over a row's link, so that they can be pointed at; they lead where it does.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a")) row.querySelector("a").click();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) choose(row);
  });
}
