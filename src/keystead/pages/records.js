/* Records of the audit log as a table; ids become addresses where there still is an account. */
import { html, useEffect, useRef, useState } from "./dom.js";
import { send } from "./api.js";
import { Link } from "./router.js";
import { Time } from "./time.js";
import { has, t } from "./text.js";

const KINDS = { critical: "bad", warning: "warn" };

/* id -> e-mail address, or null for an account that is gone. Kept while the page is open. */
const emails = new Map();

export function Records({ records, known = null }) {
  if (known) emails.set(known._id, known.email);
  useEmails(records.flatMap(({ actor, subject }) => [actor, subject]));
  return html`<div class="scroll"><table class="records">
    <caption class="unseen">${t("audit.table")}</caption>
    <thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("audit.what")}</th><th scope="col">${t("audit.who")}</th><th scope="col">${t("audit.whom")}</th><th scope="col">${t("audit.from")}</th><th scope="col">${t("audit.details")}</th></tr></thead>
    <tbody>${records.map((record) => html`<tr key=${record._id}>
      <td class="small quiet"><${Time} at=${record.at} /></td>
      <th scope="row"><${What} record=${record} /></th>
      <td class="small"><${Who} id=${record.actor} /></td>
      <td class="small">${record.subject && record.subject === record.actor ? html`<span class="quiet">${t("audit.themselves")}</span>` : html`<${Who} id=${record.subject} />`}</td>
      <td class="small number">${record.ip ?? "–"}</td>
      <td class="small"><${Details} record=${record} /></td>
    </tr>`)}</tbody>
  </table></div>`;
}

/* A newer service may record what these pages have no words for yet. */
export const eventName = (event) => (has(`event.${event}`) ? t(`event.${event}`) : event);

function What({ record }) {
  const kind = KINDS[record.severity];
  return html`${eventName(record.event)}${kind && html` <span class="badge ${kind}">${t(`severity.${record.severity}`)}</span>`}`;
}

function Who({ id }) {
  if (!id) return html`<span class="quiet">–</span>`;
  const email = emails.get(id);
  if (email) return html`<${Link} to=${`/admin/users/${encodeURIComponent(id)}`} title=${email}>${email}<//>`;
  return html`<span class="quiet" title=${id}>${email === null ? t("audit.gone") : `…${id.slice(-8)}`}</span>`;
}

function Details({ record }) {
  const facts = [
    ["audit.event_id", record.event],
    ["audit.detail", record.detail],
    ["audit.user_agent", record.userAgent],
    ["audit.session", record.session],
    ["audit.ended", record.ended],
    ["audit.number", record.seq ?? t("audit.unsealed")],
    ["audit.record", record._id],
  ];
  return html`<details class="more">
    <summary>${record.detail ?? t("audit.details")}</summary>
    <dl>${facts.filter(([, value]) => value).map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd>${String(value)}</dd></div>`)}</dl>
  </details>`;
}

function useEmails(ids) {
  const [, redraw] = useState(0);
  const unknown = [...new Set(ids)].filter((id) => id && !emails.has(id));
  const isShown = useRef(true);
  // What could not be found is asked for again when the page is opened again, and not before.
  useEffect(() => () => {
    isShown.current = false;
    for (const [id, email] of emails) if (email === undefined) emails.delete(id);
  }, []);
  useEffect(() => {
    for (const id of unknown) {
      emails.set(id, undefined);
      send("GET", `/users/${encodeURIComponent(id)}`)
        .then(({ user }) => emails.set(id, user.email))
        .catch(({ code }) => code === "user_not_found" && emails.set(id, null))
        .finally(() => isShown.current && redraw((n) => n + 1));
    }
  }, [unknown.join()]);
}
