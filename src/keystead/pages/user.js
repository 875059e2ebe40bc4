/* One person: who they are, where they are signed in, what happened lately, and what to do about it. */
import { html } from "./dom.js";
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
    ${found.data && found.problem && html`<${Stale} at=${found.at} retry=${found.reload} />`}
    ${!found.data && html`<h1 class="unseen" tabindex="-1">${t("users.title")}</h1>`}
    <${Loaded} found=${found}>${(data) => html`<${Person} ...${data} reload=${found.reload} />`}<//>`;
}

function Person({ user, sessions, records, reload }) {
  const me = useSession().user;
  const done = (isGone) => (isGone ? go("/admin/users") : reload());
  return html`<div class="head">
      <div>
        <div class="person"><h1 tabindex="-1">${user.email}</h1><${Badges} user=${user} />${me?._id === user._id && html`<span class="badge">${t("user.you")}</span>`}</div>
        <p>${t("user.since", { date: date(user.createdAt) })} <span class="mono small">${user._id}</span></p>
      </div>
      <div class="actions">${actionsFor(user, done).map((action) => html`<${Button} key=${action.key} kind=${action.isDanger ? "slim danger" : "slim"} onClick=${action.run}>${t(`act.${action.key}`)}<//>`)}</div>
    </div>
    <section class="section">
      <div class="section-head"><h2>${sessions.length ? t("user.devices", { count: sessions.length }) : t("user.no_devices")}</h2></div>
      <div class="card">${sessions.length
        ? html`<ul class="rows">${sessions.map((session) => html`<li key=${session.sessionId}><${Device} session=${session} /></li>`)}</ul>`
        : html`<${Empty} icon="laptop" title=${t("user.no_devices")} />`}</div>
    </section>
    <section class="section">
      <div class="section-head"><h2>${t("user.recent")}</h2><${Link} class="small" to=${`/admin/audit?person=${encodeURIComponent(user.email)}`}>${t("user.all_records")}<//></div>
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
