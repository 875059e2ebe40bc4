/* One session as a person knows it: what, where, when; then the rest. */
import { html } from "./dom.js";
import { Icon } from "./parts.js";
import { Time } from "./time.js";
import { t } from "./text.js";

const PHONE = /phone|pixel|galaxy|android|mobile/i;
const TABLET = /ipad|tablet/i;
const PROGRAM = /^(curl|wget|python|go-http|okhttp|postman|httpie|java|node|axios)/i;
const VERSION = /\s[\d.]+$/;

function iconOf({ device, browser, os }) {
  if (TABLET.test(device)) return "tablet";
  if (PHONE.test(device) || /^(ios|android)/i.test(os)) return "phone";
  if (device === "Desktop") return "laptop";
  if (PROGRAM.test(browser)) return "terminal";
  return device || os ? "laptop" : "unknown";
}

/* "Firefox on Windows", "Safari on iPhone" */
export function nameOf({ device, browser, os }) {
  const program = browser?.replace(VERSION, "").replace(/^(Mobile Safari|Chrome Mobile|Firefox Mobile|Edge Mobile).*/, (name) => name.replace("Mobile", "").replace(/\s+/g, " ").trim());
  const machine = device && !["Desktop", "Phone", "Tablet"].includes(device) ? device : os?.replace(VERSION, "");
  if (program && machine) return t("device.on", { program, machine });
  return program ?? machine ?? t("device.unknown");
}

export const placeOf = ({ city, country }) => [city, country].filter(Boolean).join(", ") || null;

/* `isElsewhere`: opened lately, in another country than this one was. `children` is the button, if there is one. */
export function Device({ session, isElsewhere = false, isLeaving = false, isFresh = false, children = null }) {
  const place = placeOf(session);
  const exactly = [session.browser, session.os].filter(Boolean).join(" · ");
  const kinds = [session.current && "current", isLeaving && "leaving", isFresh && "fresh"].filter(Boolean);
  return html`<div class="device ${kinds.join(" ")}">
    <span class="device-icon"><${Icon} name=${iconOf(session)} /></span>
    <div>
      <div class="device-name">
        <strong>${nameOf(session)}</strong>
        ${session.current && html`<span class="badge accent">${t("device.this")}</span>`}
        ${isElsewhere && html`<span class="badge warn">${t("device.elsewhere")}</span>`}
      </div>
      <div class="device-where">
        <span>${place ?? html`<span class="quiet">${t("device.nowhere")}</span>`}</span>
        <span class="quiet">${t("device.active")} <${Time} at=${session.lastActiveAt} /></span>
      </div>
      <div class="device-more">
        ${exactly && html`<span>${exactly}</span>`}
        ${session.ip && html`<span class="number">${session.ip}</span>`}
        <span>${t("device.first")} <${Time} at=${session.createdAt} /></span>
      </div>
    </div>
    ${children}
  </div>`;
}
