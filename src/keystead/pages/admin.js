/* /admin */
import { start } from "./app.js";
start({ home: "/admin", isForAdmins: true, isWide: true, tabs: [{ path: "/admin", label: "nav.devices" }], find: () => null });
