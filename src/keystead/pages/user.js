/* One person: who they are, where they are signed in, what happened lately, and what to do about it. */
import { html, useEffect } from "./dom.js";
import { send } from "./api.js";
import { Device } from "./device.js";
import { useLoad } from "./load.js";
import { Button, Empty, Icon, Loaded, Stale } from "./parts.js";
import { Records } from "./records.js";
import { Link, go } from "./router.js";
import { useSession } from "./session.js";
import { date } from "./time.js";
import { t } from "./text.js";
import { actionsFor } from "./user-actions.js";
import { Badges } from "./users.js";

const { service } = document.documentElement.dataset;
const EVERY_MS = 15_000;
const RECENT = 10;

export function User({ id }) {
  const path = `/users/${encodeURIComponent(id)}`;
  const subject = encodeURIComponent(id);
  const found = useLoad(
    async (signal) => {
      const [{ user }, { sessions }, done, suffered] = await Promise.all([
        send("GET", path, { signal }),
        send("GET", `${path}/sessions`, { signal }),
        send("GET", `/audit?limit=${RECENT}&actor=${subject}`, { signal }),
        send("GET", `/audit?limit=${RECENT}&subject=${subject}`, { signal }),
      ]);
      return { user, sessions, records: newest([...done.records, ...suffered.records]) };
    },
    [id],
    { every: EVERY_MS },
  );
  return html`<p class="crumb"><${Link} to="/admin/users"><${Icon} name="back" />${t("user.back")}<//></p>
    ${found.data && found.problem && html`<${Stale} found=${found} />`}
    <${Head} user=${found.data?.user ?? null} reload=${found.reload} />
    <${Loaded} found=${found}>${(data) => html`<${Person} ...${data} />`}<//>`;
}

/* Its heading is the same before and after the person is there: it may have the focus. */
function Head({ user, reload }) {
  const me = useSession().user;
  useEffect(() => {
    if (user) document.title = `${user.email} · ${service}`;
  }, [user?.email]);
  const done = (isGone) => (isGone ? go("/admin/users") : reload());
  return html`<div class="head">
    <div>
      <div class="person"><h1 tabindex="-1" class=${user ? "" : "unseen"}>${user?.email ?? t("users.title")}</h1>
        ${user && html`<${Badges} user=${user} />`}${user && me?._id === user._id && html`<span class="badge">${t("user.you")}</span>`}</div>
      ${user && html`<p>${t("user.since", { date: date(user.createdAt) })} <span class="mono small">${user._id}</span></p>`}
    </div>
    ${user && html`<div class="actions">${actionsFor(user, done).map((action) => html`<${Button} key=${action.key} kind=${action.isDanger ? "slim danger" : "slim"} onClick=${action.run}>${t(`act.${action.key}`)}<//>`)}</div>`}
  </div>`;
}

function Person({ user, sessions, records }) {
  return html`<section class="section">
      <div class="section-head"><h2>${sessions.length ? t("user.devices", { count: sessions.length }) : t("user.no_devices")}</h2></div>
      <div class="card">${sessions.length
        ? html`<ul class="rows">${sessions.map((session) => html`<li key=${session.sessionId}><${Device} session=${session} /></li>`)}</ul>`
        : html`<${Empty} icon="laptop" title=${t("user.no_devices")} />`}</div>
    </section>
    <section class="section">
      <div class="section-head"><h2>${t("user.recent")}</h2><${Link} class="small" to=${`/admin/audit?person=${encodeURIComponent(user._id)}`}>${t("user.all_records")}<//></div>
      <div class="card table-card">${records.length
        ? html`<${Records} records=${records} known=${user} />`
        : html`<${Empty} icon="info" title=${t("user.no_records")} />`}</div>
    </section>`;
}

/* Both lists in one, newest first; what somebody did to themselves is in both. */
function newest(records) {
  const byId = new Map(records.map((record) => [record._id, record]));
  return [...byId.values()].sort((a, b) => (a._id < b._id ? 1 : -1)).slice(0, RECENT);
}
