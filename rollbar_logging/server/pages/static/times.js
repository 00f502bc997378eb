// Ages tick, and the exact time is also told in the reader's own zone.
const MINUTE = 60, HOUR = 3600, DAY = 86400;

function age(seconds) {
  const passed = Math.max(Math.floor(seconds), 0);
  if (passed < MINUTE) return `${passed} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  return passed < DAY ? `${Math.floor(passed / HOUR)} h ago` : `${Math.floor(passed / DAY)} d ago`;
}

export function tick(root = document) {
  const now = Date.now() / 1000;
  for (const time of root.querySelectorAll("time[data-at]")) {
    const at = Number(time.dataset.at);
    const text = age(now - at);
    if (time.textContent !== text) time.textContent = text;
    if (!time.dataset.local) {
      time.dataset.local = "yes";
      time.title += `\n${new Date(at * 1000).toLocaleString()} here`;
    }
  }
}

export function startTimes() {
  tick();
  setInterval(() => document.hidden || tick(), 1000);
}
