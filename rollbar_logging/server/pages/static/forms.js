// Filters act when they are changed, and texts can be copied.
export function say(text) {
  const toast = document.querySelector("[data-toast]");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, 2500);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    say("The browser does not let this page copy: select the text instead");
  }
}

function submitClean(form) {
  // Only what was chosen goes into the address.
  for (const field of form.querySelectorAll("input, select")) {
    if (field.value === "" && field.name !== "assignee") field.disabled = true;
  }
  form.requestSubmit();
  for (const field of form.querySelectorAll("[disabled]")) field.disabled = false;
}

export function startForms() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-filters]");
    if (form && event.target.type !== "search") submitClean(form);
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    if (button.dataset.copyFrom) {
      const answer = await fetch(button.dataset.copyFrom);
      await copy(await answer.text());
    } else {
      await copy(button.parentElement.querySelector("pre").textContent);
    }
  });
  showButtons();
  const query = document.querySelector("[data-query]");
  if (query) {
    document.querySelector("[data-query-hint]").hidden = false;
    query.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) query.form.requestSubmit();
    });
  }
}

export function showButtons(root = document) {
  for (const button of root.querySelectorAll("[data-copy], [data-copy-from]")) button.hidden = false;
}
