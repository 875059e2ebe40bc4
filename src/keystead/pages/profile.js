/* Who am I here, and how do I leave for good? */
import { html } from "./dom.js";
import { send } from "./api.js";
import { confirm } from "./dialog.js";
import { useLoad } from "./load.js";
import { Button, Loaded, Stale } from "./parts.js";
import { leaveForGood } from "./session.js";
import { Time, date } from "./time.js";
import { t, tx } from "./text.js";

export function Profile() {
  const found = useLoad(async (signal) => (await send("GET", "/profile", { signal })).user, []);
  return html`<div class="head"><div><h1 tabindex="-1">${t("profile.title")}</h1><p>${t("profile.lead")}</p></div></div>
    ${found.data && found.problem && html`<${Stale} found=${found} />`}
    <${Loaded} found=${found} rows=${2}>${(user) => html`<${Facts} user=${user} />`}<//>`;
}

function Facts({ user }) {
  const remove = async () => {
    const isDone = await confirm({
      title: t("profile.delete_title"),
      body: tx("profile.delete_body", { email: html`<b>${user.email}</b>` }),
      label: t("profile.delete_do"),
      typed: user.email,
      isDanger: true,
      run: () => send("DELETE", `/users/${encodeURIComponent(user._id)}`),
    });
    if (isDone) leaveForGood();
  };

  return html`<dl class="card facts">
      <div><dt>${t("email")}</dt><dd>${user.email}</dd></div>
      <div><dt>${t("profile.role")}</dt><dd>${t(`role.${user.role}`)}</dd></div>
      <div><dt>${t("profile.since")}</dt><dd><${Time} at=${user.createdAt} form=${date} /></dd></div>
      <div><dt>${t("profile.id")}</dt><dd class="mono">${user._id}</dd></div>
    </dl>
    <section class="section">
      <div class="section-head"><h2>${t("profile.delete")}</h2></div>
      <div class="card end-zone">
        <p>${t("profile.delete_lead")}</p>
        <${Button} kind="danger" onClick=${remove}>${t("profile.delete_action")}<//>
      </div>
    </section>`;
}
