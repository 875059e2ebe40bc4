/* Who did what to whom, from where? */
import { html, useEffect, useRef, useState } from "./dom.js";
import { Problem, send } from "./api.js";
import { useLoad } from "./load.js";
import { Button, Empty, Loaded, Notice, Stale, meaning } from "./parts.js";
import { Records, eventName } from "./records.js";
import { keepQuery, queryValue } from "./router.js";
import { keysOf, t } from "./text.js";

const PAGE = 50;
const ID = /^[\da-f-]{24,36}$/i; // of an account; those moved from MongoDB have the shorter ones
const EVENTS = keysOf("event.");

export function Audit() {
  const [event, setEvent] = useState(queryValue("event"));
  const [part, setPart] = useState(queryValue("part") || "subject");
  const [typed, setTyped] = useState(queryValue("person"));
  const [person, setPerson] = useState(typed);
  const [older, setOlder] = useState([]);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);

  useEffect(() => keepQuery({ event, part: part === "subject" ? "" : part }, { person }), [event, person, part]);

  const page = async (signal, cursor = null) => {
    const query = new URLSearchParams({ limit: PAGE });
    if (event) query.set("event", event);
    if (person) query.set(part, await idOf(person, signal));
    if (cursor) query.set("cursor", cursor);
    return send("GET", `/audit?${query}`, { signal });
  };
  const found = useLoad(page, [event, person, part]);
  useEffect(() => {
    setOlder([]);
    setProblem(null);
  }, [found.data]);

  const last = older.at(-1) ?? found.data;
  const shown = useRef(null);
  shown.current = found.data;
  const more = async () => {
    const began = found.data;
    setBusy(true);
    try {
      const next = await page(undefined, last.nextCursor);
      // Another filter was chosen meanwhile: these belong to what is gone.
      if (shown.current === began) setOlder((before) => [...before, next]);
    } catch (trouble) {
      setProblem(trouble);
    }
    setBusy(false);
  };
  const look = (submitted) => {
    submitted.preventDefault();
    setPerson(typed.trim());
  };
  const isNobody = found.problem?.code === "nobody";

  return html`<div class="head"><div><h1 tabindex="-1">${t("audit.title")}</h1><p>${t("audit.lead")}</p></div></div>
    <form class="filters of-records" role="search" onSubmit=${look}>
      <div><label class="unseen" for="event">${t("audit.event")}</label>
        <select id="event" value=${event} onChange=${(change) => setEvent(change.target.value)}>
          <option value="">${t("audit.any_event")}</option>
          ${EVENTS.map((name) => html`<option key=${name} value=${name}>${eventName(name)}</option>`)}
        </select></div>
      <div class="search"><label class="unseen" for="person">${t("audit.person")}</label>
        <input id="person" type="search" autocomplete="off" spellcheck="false" placeholder=${t("audit.person_hint")} value=${typed}
          onInput=${(change) => setTyped(change.target.value)} onChange=${look} /></div>
      <div><label class="unseen" for="part">${t("audit.by_or_to")}</label>
        <select id="part" value=${part} onChange=${(change) => setPart(change.target.value)}>
          <option value="subject">${t("audit.subject")}</option><option value="actor">${t("audit.actor")}</option>
        </select></div>
    </form>
    ${found.data && found.problem && !isNobody && html`<${Stale} found=${found} />`}
    <div class="card table-card">
      ${isNobody
        ? html`<${Empty} icon="people" title=${t("audit.nobody")} />`
        : html`<${Loaded} found=${found} rows=${5}>${({ records }) =>
            records.length
              ? html`<${Records} records=${[...records, ...older.flatMap((one) => one.records)]} />`
              : html`<${Empty} icon="info" title=${t("audit.none")}><p>${t("audit.none_more")}</p><//>`}<//>`}
    </div>
    ${problem && html`<div class="notices"><${Notice} kind="bad">${meaning(problem)}<//></div>`}
    ${last && !isNobody && last.records.length > 0 && html`<div class="pages">
      ${last.nextCursor ? html`<${Button} busy=${isBusy || found.isLoading} onClick=${more}>${t("audit.more")}<//>` : html`<span class="small quiet">${t("audit.end")}</span>`}
    </div>`}`;
}

/* An id stays one: records outlive the accounts they are about. */
async function idOf(person, signal) {
  if (ID.test(person)) return person;
  const query = new URLSearchParams({ search: person, limit: 1 });
  const { users } = await send("GET", `/users?${query}`, { signal });
  if (users[0]?.email !== person.toLowerCase()) throw new Problem("nobody");
  return users[0]._id;
}
