// Server-sent events say which items look different; the page is asked for again, and its live parts are replaced.
import { showButtons } from "./forms.js";
import { tick } from "./times.js";

const PAUSE = 1000; // milliseconds between two refreshes
const POLL = 3000;
const page = document.body.dataset.page;
const item = Number(document.body.dataset.item ?? 0);

let source = null;
let isRefreshing = false;
let isDue = false;

function metaIn(page, name) {
  return page.querySelector(`meta[name="${name}"]`);
}

function show(state, words) {
  const sign = document.querySelector("[data-live-state]");
  sign.hidden = false;
  sign.dataset.state = state;
  sign.textContent = words;
}

function marked(part) {
  return new Map([...part.querySelectorAll("[data-row]")].map((row) => [row.dataset.id, row.dataset.count ?? ""]));
}

function flash(part, before) {
  for (const row of part.querySelectorAll("[data-row]")) {
    if (before.get(row.dataset.id) !== (row.dataset.count ?? "")) row.classList.add("fresh");
  }
}

function isEdited(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, select")) return true;
  return [...part.querySelectorAll("input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
}

function stops(part) {
  return [...part.querySelectorAll("a, button, summary, [tabindex]")];
}

function nameOf(element) {
  const own = element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent;
  return `${element.closest("[data-row]")?.dataset.id} ${own}`;
}

// What has the focus, so that it is found again among what comes in its place.
function focused(part) {
  const all = stops(part);
  const at = all.indexOf(document.activeElement);
  if (at < 0) return null;
  const name = nameOf(all[at]);
  return { at, name, nth: all.slice(0, at).filter((each) => nameOf(each) === name).length };
}

function focusAgain(part, { at, name, nth }) {
  const all = stops(part);
  const same = all.filter((each) => nameOf(each) === name);
  // Not to another row: keys would change an item that nobody chose.
  const near = part.querySelector("[data-row]") ? null : all[Math.min(at, all.length - 1)];
  (same[nth] ?? same[0] ?? near)?.focus({ preventScroll: true });
}

function replace(part, fresh) {
  if (isEdited(part)) return;
  const before = marked(part);
  const chosen = part.querySelector("[data-row].chosen")?.dataset.id;
  const focus = focused(part);
  part.replaceChildren(...fresh.childNodes);
  if (before.size) flash(part, before);
  if (chosen) {
    const row = part.querySelector(`[data-row][data-id="${CSS.escape(chosen)}"]`);
    row?.classList.add("chosen");
  }
  if (focus) focusAgain(part, focus);
  tick(part);
  showButtons(part);
}

export async function refresh() {
  if (isRefreshing) {
    isDue = true;
    return;
  }
  isRefreshing = true;
  isDue = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      // The first report has come: the page has other parts now.
      if (document.querySelector("[data-reload]") && !fresh.querySelector("[data-reload]")) {
        location.reload();
        return;
      }
      for (const part of document.querySelectorAll("[data-live]")) {
        const found = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
        if (found) replace(part, found);
      }
      // A server that was started anew takes no forms of the one before.
      for (const name of ["seen", "form-token"]) metaIn(document, name).content = metaIn(fresh, name).content;
      if (fresh.body.dataset.status) document.body.dataset.status = fresh.body.dataset.status;
    }
  } catch {
    // The server is gone for the moment; the event source notices, and says so.
  }
  setTimeout(() => {
    isRefreshing = false;
    if (isDue) refresh();
  }, PAUSE);
}

function heard(event) {
  const told = JSON.parse(event.data);
  if (!item) {
    refresh();
  } else if (told.is_all || told.items.includes(item)) {
    refresh();
    const notice = document.querySelector("[data-newer]");
    if (notice && told.occurrences) notice.hidden = false;
  }
}

function listen() {
  source = new EventSource("/events");
  source.addEventListener("open", () => show("on", "live"));
  source.addEventListener("message", heard);
  source.addEventListener("seen", (event) => {
    // Something came after this page was made and before it listened.
    if (event.data !== metaIn(document, "seen").content) refresh();
  });
  source.addEventListener("error", () => {
    show("off", "not connected");
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => { if (!source && !document.hidden) listen(); }, 5000);
    }
  });
}

export function startLive() {
  if (!page) return;
  // A browser keeps few connections to one server: pages that nobody sees hold none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      listen();
    }
  });
  addEventListener("pagehide", () => {
    source?.close();
    source = null;
  });
  // Some browsers keep the page that was left, and show it again as it was.
  addEventListener("pageshow", (event) => {
    if (event.persisted && !source && !document.hidden) listen();
  });
  // What is refused is not stored, so no event tells of it.
  if (page === "refusals") setInterval(() => document.hidden || refresh(), POLL);
  if (!document.hidden) listen();
}
