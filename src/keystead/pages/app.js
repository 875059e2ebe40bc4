/* The frame of every page: the bar, who is signed in, and the page that the address names. */
import { html, render, useEffect, useRef, useState } from "./dom.js";
import { Dialogs, closeAll } from "./dialog.js";
import { Bones, Button, Empty, Failure, Icon, meaning } from "./parts.js";
import { Link, go, usePath } from "./router.js";
import { begin, signOut, useSession } from "./session.js";
import { Register, SignIn } from "./sign-in.js";
import { Toasts, say } from "./toast.js";
import { t } from "./text.js";
import "./step-up.js";

const { service, areas, root } = document.documentElement.dataset;
const REGISTER = "/account/register";

/*
 * area: {home, isForAdmins, isWide, tabs: [{path, label}], find(path) -> {View, title, ...} or null}
 */
export function start(area) {
  const root = document.getElementById("app");
  root.replaceChildren();
  render(html`<${App} area=${area} />`, root);
  begin();
}

function App({ area }) {
  const path = usePath();
  const { status, user, notice, problem, era } = useSession();
  const isOver = status === "ended";
  // What is said of others does not stay on a device that was signed out.
  const isIn = status === "in" || (isOver && !area.isForAdmins);
  useEffect(() => {
    if (status === "in" && path === REGISTER) go(area.home, { replace: true });
    if (status !== "in") closeAll();
  }, [status, path]);

  return html`<${Bar} area=${area} path=${path} user=${status === "in" ? user : null} />
    <${OfflineBar} />
    ${status === "starting" && html`<main class="page"><h1 class="unseen">${service}</h1><${Bones} /></main>`}
    ${status === "failed" && html`<main class="page"><h1 class="unseen">${service}</h1><div class="card"><${Failure} problem=${problem} retry=${begin} /></div></main>`}
    ${status === "out" && (path === REGISTER ? html`<${Register} />` : html`<${SignIn} key=${era} notice=${notice} />`)}
    ${isOver && html`<${SignIn} notice=${notice} email=${user.email} />`}
    ${isIn && path !== REGISTER && html`<${Page} key=${era} area=${area} path=${path} user=${user} isHidden=${isOver} />`}
    <${Dialogs} /><${Toasts} key=${era} />`;
}

function Bar({ area, path, user }) {
  const other = area.isForAdmins ? "account" : "admin";
  const hasOther = areas.split(" ").includes(other) && (other === "account" || user?.role === "admin");
  return html`<header class="bar"><div class="bar-in">
    <a class="brand" href=${root + area.home}><svg class="icon brand-mark" aria-hidden="true"><use href="#i-key" /></svg>${service}</a>
    ${user && html`<nav class="tabs" aria-label=${t("nav.label")}>
        ${area.tabs.map((tab) => html`<${Link} key=${tab.path} to=${tab.path} aria-current=${isWithin(path, tab.path, area.home) ? "page" : null}>${t(tab.label)}<//>`)}
        ${hasOther && html`<a href="${root}/${other}">${t(`nav.${other}`)}</a>`}
      </nav>
      <div class="who"><span class="who-name" title=${user.email}>${user.email}</span>
        <${Button} kind="slim" onClick=${leave}><${Icon} name="out" />${t("sign_out")}<//></div>`}
  </div></header>`;
}

const leave = () => signOut().catch((problem) => say(meaning(problem)));

const isWithin = (path, tab, home) => path === tab || (tab !== home && path.startsWith(`${tab}/`));

function Page({ area, path, user, isHidden }) {
  const main = useRef(null);
  const isFirst = useRef(true);
  const found = area.isForAdmins && user.role !== "admin" ? { View: NotAllowed, title: "forbidden.title" } : area.find(path) ?? { View: NotFound, title: "not_found.title" };
  useEffect(() => {
    if (isHidden) return;
    document.title = `${t(found.title)} · ${service}`;
    if (!isFirst.current) main.current.querySelector("h1")?.focus();
    isFirst.current = false;
  }, [path, isHidden]);
  return html`<main ref=${main} class=${area.isWide ? "page wide" : "page"} hidden=${isHidden}><${found.View} key=${path} ...${found.props} /></main>`;
}

function NotFound() {
  return html`<h1 class="unseen" tabindex="-1">${t("not_found.title")}</h1><${Empty} icon="unknown" title=${t("not_found.title")}><p>${t("not_found.more")}</p><//>`;
}

function NotAllowed() {
  const { user } = useSession();
  return html`<h1 class="unseen" tabindex="-1">${t("forbidden.title")}</h1>
    <${Empty} icon="key" title=${t("forbidden.title")}><p>${t("forbidden.more", { email: user.email })}</p><${Button} onClick=${leave}>${t("forbidden.other")}<//><//>`;
}

function OfflineBar() {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
  }, []);
  return html`<div role="status" class="offline" hidden=${isOnline}>${isOnline ? "" : t("offline")}</div>`;
}
