/* /account: one's own devices and profile. */
import { start } from "./app.js";
import { Devices } from "./devices.js";
import { Profile } from "./profile.js";

const VIEWS = {
  "/account": { View: Devices, title: "devices.title" },
  "/account/profile": { View: Profile, title: "profile.title" },
};

start({
  home: "/account",
  tabs: [
    { path: "/account", label: "nav.devices" },
    { path: "/account/profile", label: "nav.profile" },
  ],
  find: (path) => VIEWS[path] ?? null,
});
