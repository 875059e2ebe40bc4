/* Input fields: a label, what is wrong, and what helps. */
import { html, newId, useEffect, useRef, useState } from "./dom.js";
import { duration } from "./time.js";
import { t } from "./text.js";

export function Field({ label, value, onInput, wrong = null, hint = null, autofocus = false, children, ...rest }) {
  const [id] = useState(() => newId("field"));
  const input = useRef(null);
  useEffect(() => {
    if (autofocus) input.current.focus();
  }, []);
  useFocusWhen(wrong, input);
  const described = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input ref=${input} id=${id} value=${value} onInput=${(event) => onInput(event.target.value)}
      aria-invalid=${wrong ? "true" : null} aria-describedby=${described || null} ...${rest} />
    ${wrong && html`<p class="wrong" id="${id}-wrong">${wrong}</p>`}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${children}
  </div>`;
}

/* The first field of a form that is wrong gets the focus. */
function useFocusWhen(wrong, input) {
  useEffect(() => {
    const first = input.current.form?.querySelector("[aria-invalid=true]");
    if (wrong && first === input.current) first.focus();
  }, [wrong]);
}

/*
 * A password: it can be shown, and it is said when the caps lock is on. retry: why it has to be typed again,
 * if it has to be.
 */
export function PasswordField({ label, autocomplete, value, onInput, wrong = null, retry = null, autofocus = false, children }) {
  const [id] = useState(() => newId("password"));
  const [isShown, setShown] = useState(false);
  const [hasCaps, setCaps] = useState(false);
  const input = useRef(null);
  useEffect(() => {
    if (autofocus) input.current.focus();
  }, []);
  useFocusWhen(wrong, input);
  useEffect(() => {
    if (!retry) return;
    input.current.focus();
    input.current.select();
  }, [retry]);
  const look = (event) => setCaps(event.getModifierState?.("CapsLock") ?? false);
  return html`<div class="field">
    <div class="field-row">
      <label for=${id}>${label}</label>
      <button type="button" class="link small" aria-pressed=${String(isShown)} aria-label=${t("password.show_label")} onClick=${() => setShown(!isShown)}>
        ${t(isShown ? "password.hide" : "password.show")}
      </button>
    </div>
    <input ref=${input} id=${id} name="password" type=${isShown ? "text" : "password"} required
      autocomplete=${autocomplete} autocapitalize="none" spellcheck="false" value=${value}
      onInput=${(event) => onInput(event.target.value)} onKeyDown=${look} onKeyUp=${look} onBlur=${() => setCaps(false)}
      aria-invalid=${wrong ? "true" : null} aria-describedby="${id}-caps${wrong ? ` ${id}-wrong` : ""}" />
    <p class="hint" id="${id}-caps" role="status">${hasCaps ? t("password.caps") : ""}</p>
    ${wrong && html`<p class="wrong" id="${id}-wrong">${wrong}</p>`}
    ${children}
  </div>`;
}

export function EmailField({ value, onInput, wrong = null, ...rest }) {
  return html`<${Field} label=${t("email")} name="email" type="email" autocomplete="username" inputmode="email"
    autocapitalize="none" spellcheck="false" required maxlength="254"
    value=${value} onInput=${onInput} wrong=${wrong} ...${rest} />`;
}

/* For whoever has to wait: `seconds` left, and a way to begin. */
export function useCountdown() {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(Date.now());
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  useEffect(() => {
    if (!seconds) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), 1000 - (Date.now() % 1000));
    return () => clearTimeout(timer);
  }, [seconds, now]);
  const wait = (howLong) => {
    setNow(Date.now());
    setUntil(Date.now() + howLong * 1000);
  };
  return [seconds, wait];
}

export function Countdown({ seconds }) {
  return html`<span role="timer" class="number">${t("throttled.again", { duration: duration(seconds) })}</span>`;
}
