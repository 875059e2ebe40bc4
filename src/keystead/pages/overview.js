/* How it goes, and what to see to: numbers that an admin would act on. */
import { html } from "./dom.js";
import { send } from "./api.js";
import { Chart, sum } from "./chart.js";
import { useLoad } from "./load.js";
import { Icon, Loaded, Notice, Stale } from "./parts.js";
import { Places } from "./places.js";
import { Link } from "./router.js";
import { Time, date } from "./time.js";
import { has, locale, t, written } from "./text.js";

const EVERY_MS = 60_000;
const GRAVE = new Set(["jwt_secret_weak", "proxy_untrusted", "throttle_off"]);
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });

export function Overview() {
  const found = useLoad((signal) => send("GET", "/overview", { signal }), [], { every: EVERY_MS });
  return html`<div class="head"><div><h1 tabindex="-1">${t("overview.title")}</h1><p>${t("overview.lead")}</p></div></div>
    ${found.data && found.problem && html`<${Stale} found=${found} />`}
    <${Loaded} found=${found} rows=${4}>${(data) => html`<${Figures} data=${data} />`}<//>`;
}

function Figures({ data }) {
  const { accounts, sessions, days, counted, countedADay } = data;
  const whole = days.slice(0, -1); // Today is not over, and so compares with nothing.
  const lately = days.slice(1);
  return html`<${Warnings} warnings=${data.warnings} replays=${sum(lately, "replays")} />
    <dl class="tiles">
      <${Tile} label=${t("overview.accounts")} text=${upTo(accounts.total, counted)}>
        ${t("overview.new_accounts", { count: sum(days.slice(-7), "registrations") })}${accounts.disabled > 0 && ` · ${t("overview.disabled", { count: accounts.disabled })}`}<//>
      <${Tile} label=${t("overview.sessions")} text=${upTo(sessions, counted)}>${t("overview.today", { count: days.at(-1).signIns })}<//>
      <${Week} label=${t("overview.sign_ins")} days=${whole} name="signIns" limit=${countedADay} />
      <${Week} label=${t("overview.failures")} days=${whole} name="failures" limit=${countedADay} />
    </dl>
    <${Chart} days=${lately} />
    <div class="gap"><${Places} places=${data.places} networks=${data.networks} sampled=${data.sampled} /></div>
    <section class="section"><div class="section-head"><h2>${t("overview.installation")}</h2></div>
      <dl class="card facts">
        <div><dt>${t("overview.version")}</dt><dd>${data.version}</dd></div>
        <div><dt>${t("overview.database")}</dt><dd>${data.database}</dd></div>
        <div><dt>${t("overview.geo")}</dt><dd>${data.geoBuiltAt ? html`<${Time} at=${data.geoBuiltAt} form=${(at, when) => t("overview.geo_of", { date: date(at, when) })} />` : t("overview.geo_none")}</dd></div>
      </dl></section>`;
}

/* Seven days, and how they compare with the seven before. */
function Week({ label, days, name, limit }) {
  const [before, now] = [days.slice(-14, -7), days.slice(-7)];
  const isCut = days.some((day) => day[name] >= limit);
  const count = sum(now, name);
  const text = now.some((day) => day[name] >= limit) ? t("overview.or_more", { count }) : written(count);
  return html`<${Tile} label=${label} text=${text}>${isCut ? t("overview.cut", { count: limit }) : trend(count, sum(before, name))}<//>`;
}

const upTo = (count, limit) => (count >= limit ? t("overview.or_more", { count: limit }) : written(count));

function Tile({ label, text, children }) {
  return html`<div class="card tile"><dt>${label}</dt><dd class="tile-value number">${text}</dd><dd class="small quiet">${children}</dd></div>`;
}

function trend(now, before) {
  if (now === before) return t("overview.same");
  if (before === 0) return t("overview.from_none");
  const change = percent.format(Math.abs(now - before) / before);
  return t(now > before ? "overview.more" : "overview.fewer", { percent: change });
}

function Warnings({ warnings, replays }) {
  if (!warnings.length && !replays) return html`<p class="fine small quiet"><${Icon} name="check" />${t("overview.fine")}</p>`;
  return html`<div class="notices">
    ${replays > 0 && html`<${Notice} kind="bad" title=${t("overview.replays", { count: replays })}>
      ${t("overview.replays_more")} <${Link} to="/admin/audit?event=authn_token_reuse">${t("overview.see_replays")}<//><//>`}
    ${warnings.map((one) => html`<${Notice} key=${one} kind=${GRAVE.has(one) ? "bad" : "warn"} title=${has(`warning.${one}`) ? t(`warning.${one}`) : one}>
      ${has(`warning.${one}.more`) && t(`warning.${one}.more`)}<//>`)}
  </div>`;
}
