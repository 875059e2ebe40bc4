/* Times as people say them, and exactly. */
import { html, useEffect, useState } from "./dom.js";
import { language, locale, t } from "./text.js";

const STEPS = [["minute", 60], ["hour", 3600], ["day", 86_400]];
const JUST_NOW_SECONDS = 45;
const DATE_AFTER_DAYS = 7;

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const exactly = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const thisYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const otherYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });

/* "3 minutes ago", "yesterday"; a date when that is more than a week ago. */
export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < JUST_NOW_SECONDS) return t("time.now");
  if (seconds >= DATE_AFTER_DAYS * 86_400) return date(at, now);
  const [unit, size] = STEPS.findLast(([, size]) => seconds >= size) ?? STEPS[0];
  return relative.format(-Math.max(1, Math.floor(seconds / size)), unit);
}

export function date(at, now = Date.now()) {
  const when = new Date(at);
  const form = when.getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear;
  return form.format(when);
}

const exact = (at) => exactly.format(new Date(at));

/* "2 min 5 s" */
export function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return t("time.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  return minutes ? t("time.minutes", { minutes, seconds: seconds % 60 }) : t("time.seconds", { seconds });
}

/* A time that keeps itself right; what it is exactly shows on hover and on focus. */
export function Time({ at, form = ago, left = false }) {
  const now = useNow(20_000);
  return html`<time class=${left ? "tip left" : "tip"} datetime=${at} data-tip=${exact(at)} tabindex="0">
    ${form(at, now)}<span class="unseen"> (${exact(at)})</span>
  </time>`;
}

function useNow(every) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
