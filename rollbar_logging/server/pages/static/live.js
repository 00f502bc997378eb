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

function seenIn(page) {
  return page.querySelector('meta[name="seen"]');
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

function replace(part, fresh) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, select")) return;
  const before = marked(part);
  const chosen = part.querySelector("[data-row].chosen")?.dataset.id;
  const hadFocus = part.contains(document.activeElement);
  part.replaceChildren(...fresh.childNodes);
  if (before.size) flash(part, before);
  if (chosen) {
    const row = part.querySelector(`[data-row][data-id="${CSS.escape(chosen)}"]`);
    row?.classList.add("chosen");
    if (hadFocus) row?.querySelector("a")?.focus({ preventScroll: true });
  }
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
      seenIn(document).content = seenIn(fresh).content;
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
    if (event.data !== seenIn(document).content) refresh();
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
  addEventListener("pagehide", () => source?.close());
  // What is refused is not stored, so no event tells of it.
  if (page === "refusals") setInterval(() => document.hidden || refresh(), POLL);
  if (!document.hidden) listen();
}
