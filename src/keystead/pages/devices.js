/* Where am I signed in, and is that me? */
import { html, useEffect, useRef, useState } from "./dom.js";
import { send } from "./api.js";
import { Device, nameOf, placeOf } from "./device.js";
import { confirm } from "./dialog.js";
import { useLoad } from "./load.js";
import { Button, Empty, Icon, Loaded, Stale, meaning } from "./parts.js";
import { tellTabs } from "./session.js";
import { t } from "./text.js";
import { say } from "./toast.js";

const EVERY_MS = 8_000;
const ELSEWHERE_MS = 7 * 86_400_000; // Whoever travels is home again, or knows it by then.
const LEAVING_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 220; // As `leave` in parts.css.

export function Devices() {
  const found = useLoad(async (signal) => (await send("GET", "/sessions", { signal })).sessions, [], { every: EVERY_MS, topic: "devices" });
  return html`<div class="head">
      <div><h1 tabindex="-1">${t("devices.title")}</h1><p>${t("devices.lead")}</p></div>
    </div>
    ${found.data && found.problem && html`<${Stale} found=${found} />`}
    <${Loaded} found=${found}>${(sessions) => html`<${List} sessions=${sessions} reload=${found.reload} />`}<//>`;
}

function List({ sessions, reload }) {
  const [leaving, setLeaving] = useState([]);
  const [busy, setBusy] = useState(null);
  const fresh = useFresh(sessions);
  const heading = useRef(null);
  const mine = sessions.filter((one) => one.current);
  const others = sessions.filter((one) => !one.current).sort((a, b) => (a.lastActiveAt < b.lastActiveAt ? 1 : -1));

  /* They leave, and then the list is what the service says it is. */
  const remove = async (ids) => {
    heading.current?.focus();
    setLeaving((before) => [...before, ...ids]);
    await new Promise((done) => setTimeout(done, LEAVING_MS));
    await reload();
    setLeaving((before) => before.filter((id) => !ids.includes(id)));
    tellTabs("devices");
  };

  const end = async (session) => {
    setBusy(session.sessionId);
    try {
      await send("DELETE", `/sessions/${encodeURIComponent(session.sessionId)}`);
      say(t("devices.ended", { device: nameOf(session) }));
      await remove([session.sessionId]);
    } catch (problem) {
      if (problem.code === "session_not_found") {
        say(t("devices.was_ended", { device: nameOf(session) }));
        await remove([session.sessionId]);
      } else if (problem.code !== "cancelled") say(meaning(problem));
    }
    setBusy(null);
  };

  const endOthers = async () => {
    let ended = 0;
    const isDone = await confirm({
      title: t("devices.others_title", { count: others.length }),
      body: t("devices.others_body"),
      label: t("devices.others_do"),
      isDanger: true,
      run: async () => ({ ended } = await send("DELETE", "/sessions?except=current")),
    });
    if (!isDone) return;
    say(t("devices.others_ended", { count: ended }));
    await remove(others.map((one) => one.sessionId));
  };

  return html`
    <section class="card this-device" aria-label=${t("device.this")}>
      ${mine.map((session) => html`<${Device} key=${session.sessionId} session=${session} />`)}
    </section>
    <section class="section">
      <div class="section-head">
        <h2 ref=${heading} tabindex="-1">${others.length ? t("devices.others", { count: others.length }) : t("devices.others_none")}</h2>
        ${others.length > 1 && html`<${Button} kind="slim" onClick=${endOthers}>${t("devices.others_action")}<//>`}
      </div>
      ${others.length > 0 && html`<p class="recognise"><${Icon} name="info" />${t("devices.recognise")}</p>`}
      <div class="card">
        ${others.length === 0
          ? html`<${Empty} icon="check" title=${t("devices.none")}><p>${t("devices.none_more")}</p><//>`
          : html`<ul class="rows">${others.map((session) => html`<li key=${session.sessionId}>
              <${Device} session=${session} isElsewhere=${isElsewhere(session, mine[0])} isLeaving=${leaving.includes(session.sessionId)} isFresh=${fresh.has(session.sessionId)}>
                <${Button} kind="slim danger" busy=${busy === session.sessionId} onClick=${() => end(session)}
                  aria-label=${t("devices.end_label", { device: nameOf(session), place: placeOf(session) ?? t("device.nowhere") })}>${t("devices.end")}<//>
              <//>
            </li>`)}</ul>`}
      </div>
    </section>
  `;
}

const isElsewhere = (session, here) =>
  Boolean(session.country && here?.country) && session.country !== here.country && Date.now() - Date.parse(session.createdAt) < ELSEWHERE_MS;

/* Which have appeared since the page was opened; each is announced once. */
function useFresh(sessions) {
  const known = useRef(new Set(sessions.map((one) => one.sessionId)));
  const fresh = new Set(sessions.map((one) => one.sessionId).filter((id) => !known.current.has(id)));
  useEffect(() => {
    for (const session of sessions) {
      if (!known.current.has(session.sessionId)) say(t("devices.appeared", { device: nameOf(session), place: placeOf(session) ?? t("device.nowhere") }));
      known.current.add(session.sessionId);
    }
  }, [sessions]);
  return fresh;
}
