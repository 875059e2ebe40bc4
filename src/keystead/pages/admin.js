/* /admin: the overview, people, one person, the audit log. */
import { start } from "./app.js";
import { Audit } from "./audit.js";
import { Overview } from "./overview.js";
import { User } from "./user.js";
import { Users } from "./users.js";

const VIEWS = {
  "/admin": { View: Overview, title: "overview.title" },
  "/admin/users": { View: Users, title: "users.title" },
  "/admin/audit": { View: Audit, title: "audit.title" },
};
const ONE_USER = /^\/admin\/users\/([\w-]+)$/;

function find(path) {
  const id = ONE_USER.exec(path)?.[1];
  return id ? { View: User, title: "users.title", props: { id } } : (VIEWS[path] ?? null);
}

start({
  home: "/admin",
  isForAdmins: true,
  isWide: true,
  tabs: [
    { path: "/admin", label: "nav.overview" },
    { path: "/admin/users", label: "nav.users" },
    { path: "/admin/audit", label: "nav.audit" },
  ],
  find,
});
