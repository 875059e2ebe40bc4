/* A button that opens a short list of actions; Escape, or a press elsewhere, closes it. */
import { html, useEffect, useRef } from "./dom.js";
import { Icon } from "./parts.js";
import { t } from "./text.js";

export function Menu({ label, actions }) {
  const box = useRef(null);
  useEffect(() => {
    const close = (event) => {
      if (event.type === "keydown" && event.key !== "Escape") return;
      if (event.type !== "keydown" && box.current.contains(event.target)) return;
      if (!box.current.open) return;
      box.current.open = false;
      if (event.type === "keydown") box.current.firstElementChild.focus();
    };
    for (const kind of ["pointerdown", "keydown", "focusin"]) document.addEventListener(kind, close);
    return () => {
      for (const kind of ["pointerdown", "keydown", "focusin"]) document.removeEventListener(kind, close);
    };
  }, []);
  const run = (action) => {
    box.current.open = false;
    box.current.firstElementChild.focus();
    action.run();
  };
  return html`<details class="menu" ref=${box}>
    <summary class="button bare slim" aria-label=${label}><${Icon} name="more" /></summary>
    <ul>${actions.map((action) => html`<li key=${action.key}>
      <button type="button" class=${action.isDanger ? "danger" : ""} onClick=${() => run(action)}>${t(`act.${action.key}`)}</button>
    </li>`)}</ul>
  </details>`;
}
