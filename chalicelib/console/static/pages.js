// The pages, in the order of the navigation. A page is added here: its place in the address, its title, the roles of
// which one opens it (none: everybody), and what shows it; `one` shows what is named by a further segment.

import { About } from "./pages/about.js";
import { Access } from "./pages/access.js";
import { Alarms, Source } from "./pages/alarms.js";
import { Device } from "./pages/device.js";
import { Devices } from "./pages/devices.js";
import { Groups } from "./pages/groups.js";
import { Overview } from "./pages/overview.js";
import { Routing } from "./pages/routing.js";
import { Definition, Twins } from "./pages/twins.js";

export const PAGES = [
  { path: "overview", title: "overview", roles: ["DEVICE_R"], page: Overview },
  { path: "devices", title: "devices", roles: ["DEVICE_R"], page: Devices, one: Device },
  { path: "groups", title: "groups", roles: ["DEVICE_R"], page: Groups },
  { path: "alarms", title: "alarms", roles: ["DATA_R"], page: Alarms, one: Source },
  { path: "twins", title: "twins", roles: ["DEVICE_R"], page: Twins, one: Definition },
  { path: "routing", title: "routing", roles: ["BUS_CONFIG_R", "DATA_PROCESSING_R"], page: Routing },
  { path: "access", title: "access", roles: ["API_KEY_R", "USER_R"], page: Access },
  { path: "about", title: "about", roles: [], page: About },
];
