// The page works without any of this: scripts add live updates, keys, and less clicking.
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startTimes } from "./times.js";
import { startTheme } from "./theme-button.js";

startTheme();
startTimes();
startForms();
startKeys();
startLive();
