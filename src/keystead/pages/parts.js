/* The small parts that every page is made of. */
import { html } from "./dom.js";
import { has, t } from "./text.js";
import { ago } from "./time.js";

export function Icon({ name }) {
  return html`<svg class="icon" aria-hidden="true"><use href="#i-${name}" /></svg>`;
}

export function Button({ kind = "", busy = false, children, ...rest }) {
  return html`<button type="button" class="button ${kind}" disabled=${busy} aria-busy=${busy ? "true" : null} ...${rest}>
    ${children}
  </button>`;
}

const NOTICE_ICONS = { bad: "warning", warn: "warning", good: "check", info: "info" };

/* Something the person should know; what went wrong is said at once by a screen reader. */
export function Notice({ kind = "info", title = null, children }) {
  return html`<div class="notice ${kind}" role=${kind === "bad" ? "alert" : "status"}>
    <${Icon} name=${NOTICE_ICONS[kind]} />
    <div>${title && html`<b>${title}</b>`}${children}</div>
  </div>`;
}

export function Empty({ icon, title, children }) {
  return html`<div class="empty"><${Icon} name=${icon} /><b>${title}</b>${children}</div>`;
}

/* Shown while something is on its way, but not in the first 200 ms. */
export function Bones({ rows = 3 }) {
  const lines = Array.from({ length: rows * 3 }, (_, at) => html`<i key=${at}></i>`);
  return html`<div class="bones" aria-busy="true" role="status"><span class="unseen">${t("loading")}</span>${lines}</div>`;
}

/* What an error means to a person, and what they can do about it. */
export function meaning(problem) {
  const key = `error.${problem.code}`;
  return has(key) ? t(key) : t("error.unknown", { id: problem.requestId ?? "-" });
}

/* Nothing could be loaded. */
export function Failure({ problem, retry }) {
  const isOffline = problem.code === "offline" || problem.code === "timeout";
  return html`<div role="alert">
    <${Empty} icon=${isOffline ? "offline" : "warning"} title=${t(isOffline ? "failure.offline" : "failure.title")}>
      <p>${meaning(problem)}</p>
      <${Button} onClick=${retry}>${t("try_again")}<//>
    <//>
  </div>`;
}

/* Something older is still shown, since nothing newer could be had. */
export function Stale({ found: { at, problem, reload } }) {
  return html`<div class="notices">
    <${Notice} kind="warn" title=${t("stale.title", { when: ago(new Date(at).toISOString()) })}>
      ${meaning(problem)} <button type="button" class="link" onClick=${reload}>${t("try_again")}</button>
    <//>
  </div>`;
}

/* A card with what `useLoad` found: bones, then the content, or what went wrong. */
export function Loaded({ found, rows, children }) {
  if (found.data !== null) return children(found.data);
  if (found.problem) return html`<${Failure} problem=${found.problem} retry=${found.reload} />`;
  return html`<${Bones} rows=${rows} />`;
}
