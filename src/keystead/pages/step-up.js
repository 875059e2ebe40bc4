/* What cannot be undone asks for the password once more, if the last time is a while ago. */
import { html } from "./dom.js";
import { on, send } from "./api.js";
import { open } from "./dialog.js";
import { Countdown, PasswordField } from "./fields.js";
import { useForm } from "./form.js";
import { Button, Notice, meaning } from "./parts.js";
import { current } from "./session.js";
import { t } from "./text.js";

on.password = async () =>
  (await open(t("step_up.title"), (close) => html`<${StepUp} close=${close} />`)) === true;

function StepUp({ close }) {
  const form = useForm(async () => {
    await send("POST", "/auth/reauthenticate", { body: { password: form.password } });
    close(true);
  });
  const { password, problem, seconds, isBusy } = form;
  const isWrong = problem?.code === "invalid_credentials";
  return html`<p>${t("step_up.why")}</p>
    <form class="form" onSubmit=${form.submit} novalidate>
      <input type="text" name="email" autocomplete="username" value=${current().user?.email} hidden />
      <${PasswordField} label=${t("password")} autocomplete="current-password" value=${password} onInput=${form.setPassword}
        wrong=${isWrong ? t("step_up.wrong") : null} autofocus />
      ${problem && !isWrong && html`<${Notice} kind="bad">${meaning(problem)} ${seconds > 0 && html`<${Countdown} seconds=${seconds} />`}<//>`}
      <div class="actions">
        <${Button} onClick=${() => close(false)}>${t("cancel")}<//>
        <${Button} type="submit" kind="main" busy=${isBusy || !password}>${t("continue")}<//>
      </div>
    </form>`;
}
