// One button: as the system, light, dark.
const NEXT = { system: "light", light: "dark", dark: "system" };
const SIGN = { system: "◐", light: "☀", dark: "☾" };

function current() {
  return document.documentElement.dataset.theme ?? "system";
}

function show(button) {
  const theme = current();
  button.textContent = SIGN[theme];
  const words = theme === "system" ? "as the system" : theme;
  button.setAttribute("aria-label", `Colours: ${words}`);
  button.title = `Colours: ${words}`;
}

export function startTheme() {
  const button = document.querySelector("[data-theme-button]");
  button.hidden = false;
  show(button);
  button.addEventListener("click", () => {
    const theme = NEXT[current()];
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // It holds for this page only.
    }
    show(button);
  });
}
