/* Sign-ins and failures per day as bars: a title that says what is to be seen, axes, and a table. */
import { html, useLayoutEffect, useRef, useState } from "./dom.js";
import { locale, t } from "./text.js";

const HEIGHT = 220;
const LEFT = 48;
const BOTTOM = 28;
const TOP = 8;
const DAY_WIDTH = 56;
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

const dayForm = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const axis = new Intl.NumberFormat(locale, { notation: "compact" });

export const sum = (days, name) => days.reduce((total, day) => total + day[name], 0);

export function Chart({ days }) {
  const [box, width] = useWidth();
  const signIns = sum(days, "signIns");
  const failures = sum(days, "failures");
  const title = signIns + failures
    ? t("overview.chart", { count: signIns, failures: percent.format(failures / (signIns + failures)) })
    : t("overview.chart_empty");
  return html`<figure class="card padded chart" ref=${box}>
    <figcaption>
      <h2>${title}</h2>
      <div class="legend small"><span><i class="swatch good"></i>${t("overview.succeeded")}</span><span><i class="swatch bad"></i>${t("overview.failed")}</span><span class="quiet">${t("overview.axis")}</span></div>
    </figcaption>
    ${width > 0 && html`<${Bars} days=${days} width=${width} title=${title} />`}
    <details class="more"><summary class="small">${t("overview.as_table")}</summary><${Table} days=${days} /></details>
  </figure>`;
}

function Bars({ days, width, title }) {
  const top = nice(Math.max(4, ...days.flatMap((day) => [day.signIns, day.failures])));
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const step = (width - LEFT) / days.length;
  const bar = Math.max(3, Math.min(14, step / 2 - 3));
  const every = Math.ceil(DAY_WIDTH / step);
  return html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${title}>
    ${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<g key=${part}>
      <line class="grid" x1=${LEFT} x2=${width} y1=${y(part * top)} y2=${y(part * top)} />
      <text class="tick" x=${LEFT - 8} y=${y(part * top) + 4} text-anchor="end">${axis.format(part * top)}</text>
    </g>`)}
    ${days.map((day, at) => {
      const middle = LEFT + step * (at + 0.5);
      return html`<g key=${day.day} class="day">
        <title>${t("overview.day_label", { day: named(day), signIns: day.signIns, failures: day.failures })}</title>
        <rect class="area" x=${LEFT + step * at} y=${TOP} width=${step} height=${HEIGHT - TOP - BOTTOM} />
        <${Bar} kind="good" x=${middle - bar - 1} width=${bar} y=${y(day.signIns)} foot=${y(0)} />
        <${Bar} kind="bad" x=${middle + 1} width=${bar} y=${y(day.failures)} foot=${y(0)} />
        ${(days.length - 1 - at) % every === 0 && html`<text class="tick" x=${middle} y=${HEIGHT - 8} text-anchor="middle">${named(day)}</text>`}
      </g>`;
    })}
  </svg>`;
}

function Bar({ kind, x, width, y, foot }) {
  return html`<rect class="bar-${kind}" x=${x} y=${y} width=${width} height=${Math.max(0, foot - y)} rx="2" />`;
}

function Table({ days }) {
  return html`<table class="figures">
    <thead><tr><th scope="col">${t("overview.day")}</th><th scope="col">${t("overview.succeeded")}</th><th scope="col">${t("overview.failed")}</th></tr></thead>
    <tbody>${days.map((day) => html`<tr key=${day.day}><th scope="row">${named(day)}</th><td>${day.signIns}</td><td>${day.failures}</td></tr>`)}</tbody>
  </table>`;
}

const named = ({ day }) => dayForm.format(new Date(day));

/* The next number above that four lines divide into whole ones. */
function nice(value) {
  const size = 10 ** Math.floor(Math.log10(value / 4));
  return STEPS.map((step) => 4 * step * size).find((one) => one >= value && one % 4 === 0);
}

function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const look = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(box.current);
      setWidth(Math.floor(box.current.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)));
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(box.current);
    look();
    return () => watcher.disconnect();
  }, []);
  return [box, width];
}
