/* Find a person by typing three letters, and see at once who they are. */
import { html, useEffect, useState } from "./dom.js";
import { send } from "./api.js";
import { useLoad } from "./load.js";
import { Menu } from "./menu.js";
import { Button, Empty, Icon, Loaded, Stale } from "./parts.js";
import { Link, keepQuery, queryValue } from "./router.js";
import { Time, date } from "./time.js";
import { t } from "./text.js";
import { actionsFor } from "./user-actions.js";

const PAGE = 25;
const TYPING_MS = 180;

export function Users() {
  const [search, setSearch] = useState(queryValue("search"));
  const [role, setRole] = useState(queryValue("role"));
  const [status, setStatus] = useState(queryValue("status"));
  const [cursors, setCursors] = useState([null]);
  const typed = useSettled(search.trim(), TYPING_MS);
  const cursor = cursors.at(-1);

  useEffect(() => keepQuery({ role, status }, { search: typed }), [typed, role, status]);

  const load = (signal) => {
    const query = new URLSearchParams({ limit: PAGE });
    for (const [name, value] of Object.entries({ search: typed, role, status, cursor })) if (value) query.set(name, value);
    return send("GET", `/users?${query}`, { signal });
  };
  const found = useLoad(load, [typed, role, status, cursor]);

  const from = (setter) => (value) => {
    setCursors([null]);
    setter(value);
  };
  const clear = () => [setSearch, setRole, setStatus].forEach((setter) => from(setter)(""));

  return html`<div class="head"><div><h1 tabindex="-1">${t("users.title")}</h1><p>${t("users.lead")}</p></div></div>
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <div class="search">
        <label class="unseen" for="search">${t("users.search")}</label>
        <${Icon} name="search" />
        <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder=${t("users.search_hint")} value=${search}
          onInput=${(event) => from(setSearch)(event.target.value)} />
      </div>
      <${Choice} id="role" label=${t("users.role")} value=${role} onChange=${from(setRole)} any=${t("users.any_role")} values=${["admin", "user"]} kind="role" />
      <${Choice} id="status" label=${t("users.status")} value=${status} onChange=${from(setStatus)} any=${t("users.any_status")} values=${["active", "disabled"]} kind="status" />
    </form>
    ${found.data && found.problem && html`<${Stale} found=${found} />`}
    <div class="card table-card">
      <${Loaded} found=${found} rows=${5}>${({ users }) =>
        users.length === 0
          ? html`<${Empty} icon="people" title=${t("users.none")}><p>${t("users.none_more")}</p><${Button} onClick=${clear}>${t("users.clear")}<//><//>`
          : html`<${Table} users=${users} reload=${found.reload} />`}<//>
    </div>
    <${Pages} cursors=${cursors} setCursors=${setCursors} next=${found.data?.nextCursor} />`;
}

function Choice({ id, label, value, onChange, any, values, kind }) {
  return html`<div>
    <label class="unseen" for=${id}>${label}</label>
    <select id=${id} value=${value} onChange=${(event) => onChange(event.target.value)}>
      <option value="">${any}</option>
      ${values.map((one) => html`<option key=${one} value=${one}>${t(`${kind}.${one}`)}</option>`)}
    </select>
  </div>`;
}

export function Badges({ user }) {
  return html`${user.role === "admin" && html`<span class="badge accent">${t("role.admin")}</span>`}
    ${user.status === "disabled" && html`<span class="badge bad">${t("status.disabled")}</span>`}`;
}

function Table({ users, reload }) {
  return html`<table>
    <caption class="unseen">${t("users.table")}</caption>
    <thead><tr><th scope="col">${t("email")}</th><th scope="col">${t("users.role")}</th><th scope="col">${t("users.status")}</th><th scope="col">${t("users.joined")}</th><th scope="col"><span class="unseen">${t("users.actions")}</span></th></tr></thead>
    <tbody>${users.map((user) => html`<tr key=${user._id}>
      <th scope="row"><${Link} to=${`/admin/users/${encodeURIComponent(user._id)}`}>${user.email}<//></th>
      <td class="small">${user.role === "admin" ? html`<span class="badge accent">${t("role.admin")}</span>` : html`<span class="quiet">${t("role.user")}</span>`}</td>
      <td class="small">${user.status === "disabled" ? html`<span class="badge bad">${t("status.disabled")}</span>` : html`<span class="quiet">${t("status.active")}</span>`}</td>
      <td class="small quiet" data-label=${t("users.joined")}><${Time} at=${user.createdAt} form=${date} left /></td>
      <td class="end"><${Menu} label=${t("users.more", { email: user.email })} actions=${actionsFor(user, reload)} /></td>
    </tr>`)}</tbody>
  </table>`;
}

function Pages({ cursors, setCursors, next }) {
  if (cursors.length === 1 && !next) return null;
  return html`<nav class="pages" aria-label=${t("users.title")}>
    <${Button} kind="slim" disabled=${cursors.length === 1} onClick=${() => setCursors(cursors.slice(0, -1))}><${Icon} name="back" />${t("users.previous")}<//>
    <span class="small quiet" role="status">${t("users.page", { page: cursors.length })}</span>
    <${Button} kind="slim" disabled=${!next} onClick=${() => setCursors([...cursors, next])}>${t("users.next")}<${Icon} name="next" /><//>
  </nav>`;
}

/* `value`, once it has been the same for so long. */
function useSettled(value, milliseconds) {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
