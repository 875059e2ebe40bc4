/* Short messages at the foot of the page about what was just done; sometimes it can be undone. */
import { html, newId, useEffect, useState } from "./dom.js";
import { Icon } from "./parts.js";
import { t } from "./text.js";

const SHOWN_MS = 8_000;
let show = (_toast) => {};

/* say("Bob is disabled", {label: "Undo", run: async () => ...}) */
export const say = (text, action = null) => show({ id: newId("toast"), text, action });

export function Toasts() {
  const [toasts, setToasts] = useState([]);
  const drop = (id) => setToasts((all) => all.filter((one) => one.id !== id));
  useEffect(() => {
    show = (toast) => setToasts((all) => [...all.slice(-1), toast]);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.map((toast) => html`<${Toast} key=${toast.id} ...${toast} drop=${() => drop(toast.id)} />`)}
  </div>`;
}

function Toast({ text, action, drop }) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld) return undefined;
    const timer = setTimeout(drop, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isHeld]);
  const run = () => {
    drop();
    action.run();
  };
  const hold = { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false), onFocusIn: () => setHeld(true), onFocusOut: () => setHeld(false) };
  return html`<div class="toast" ...${hold}>
    <span>${text}</span>
    ${action && html`<button type="button" class="link" onClick=${run}>${action.label}</button>`}
    <button type="button" class="button bare" aria-label=${t("dismiss")} onClick=${drop}><${Icon} name="close" /></button>
  </div>`;
}
