/* Sign in, and register: what is shown to somebody whom the service does not know yet. */
import { html, useEffect, useRef, useState } from "./dom.js";
import { Countdown, EmailField, PasswordField } from "./fields.js";
import { isAbout, useForm } from "./form.js";
import { Button, Notice, meaning } from "./parts.js";
import { register, signIn } from "./session.js";
import { judge } from "./strength.js";
import { has, t } from "./text.js";

const { service, minPassword, areas, root } = document.documentElement.dataset;
const SITE = { service, minimum: Number(minPassword) };
const MAY_REGISTER = areas.split(" ").includes("account");

/* `notice`: why they see this, a key of the texts. `email`: who was signed in a moment ago. */
export function SignIn({ notice = null, email: known = "" }) {
  const [email, setEmail] = useState(known);
  const form = useForm(() => signIn(email, form.password));
  const isWrong = form.problem?.code === "invalid_credentials";
  const emailWrong = form.missing(email, "email") ?? (isAbout(form.problem, "email") ? t("email_wrong") : null);
  useTitle(t("sign_in.title"));

  return html`<main class="page narrow">
    <h1 tabindex="-1">${t("sign_in.to", { service })}</h1>
    <div class="card">
      <form class="form" method="post" onSubmit=${form.submit} novalidate>
        ${notice && !form.problem && html`<${Notice} kind=${kindOf(notice)} title=${t(`notice.${notice}`)}>${has(`notice.${notice}.more`) ? t(`notice.${notice}.more`) : null}<//>`}
        <${Wrong} form=${form} text=${isWrong ? t("sign_in.wrong") : null} isShown=${!isAbout(form.problem, "email")} />
        <${EmailField} value=${email} onInput=${setEmail} autofocus=${!known} wrong=${emailWrong} />
        <${PasswordField} label=${t("password")} autocomplete="current-password" autofocus=${Boolean(known)}
          value=${form.password} onInput=${form.setPassword} wrong=${form.missing(form.password, "password")} retry=${isWrong ? form.problem : null} />
        <${Button} type="submit" kind="main full" busy=${form.isBusy}>${t("sign_in.action")}<//>
      </form>
    </div>
    ${MAY_REGISTER && html`<p class="after">${t("sign_in.new")} <a href="${root}/account/register">${t("register.action")}</a></p>`}
  </main>`;
}

export function Register() {
  const [email, setEmail] = useState("");
  const registered = useRef(null);
  const form = useForm(async () => {
    // If only the sign-in fails, there is no second account to make the next time.
    if (registered.current !== email) await register(email, form.password);
    registered.current = email;
    await signIn(email, form.password);
  });
  const verdict = judge(form.password, email, SITE);
  const { problem } = form;
  const said = problem?.errors?.[0]?.message;
  const isPassword = isAbout(problem, "password");
  const isEmail = isAbout(problem, "email");
  const emailWrong = form.missing(email, "email") ?? (isEmail ? t("email_wrong") : null);
  const passwordWrong = form.missing(form.password, "password") ?? (isPassword ? worded(problem, said) : null);
  useTitle(t("register.title"));

  return html`<main class="page narrow">
    <h1 tabindex="-1">${t("register.title")}</h1>
    <div class="card">
      <form class="form" method="post" onSubmit=${form.submit} novalidate>
        ${problem?.code === "email_taken"
          ? html`<${Notice} kind="bad" title=${t("error.email_taken")}><a href="${root}/account">${t("sign_in.instead")}</a><//>`
          : html`<${Wrong} form=${form} isShown=${!isPassword && !isEmail} />`}
        <${EmailField} value=${email} onInput=${setEmail} autofocus wrong=${emailWrong} />
        <${PasswordField} label=${t("password")} autocomplete="new-password" value=${form.password} onInput=${form.setPassword} wrong=${passwordWrong}>
          <div class="strength" data-score=${form.password ? verdict.score : 0} aria-hidden="true"><i></i><i></i><i></i><i></i></div>
          <p class="hint" role="status" hidden=${Boolean(passwordWrong)}>${form.password ? verdict.text : t("register.hint", { count: SITE.minimum })}</p>
        <//>
        <${Button} type="submit" kind="main full" busy=${form.isBusy}>${t("register.action")}<//>
      </form>
    </div>
    <p class="after">${t("register.known")} <a href="${root}/account">${t("sign_in.action")}</a></p>
  </main>`;
}

function Wrong({ form, text = null, isShown = true }) {
  const { problem, seconds } = form;
  if (!problem || !isShown) return null;
  if (problem.code === "throttled") {
    if (!seconds) return html`<${Notice} kind="info">${t("throttled.over")}<//>`;
    return html`<${Notice} kind="bad" title=${t("throttled.title")}><${Countdown} seconds=${seconds} /><//>`;
  }
  return html`<${Notice} kind="bad">${text ?? meaning(problem)}<//>`;
}

function useTitle(title) {
  useEffect(() => {
    document.title = `${title} · ${service}`;
  }, [title]);
}

const worded = (problem, said) => (has(`error.${problem.code}`) ? t(`error.${problem.code}`, { count: SITE.minimum }) : said);

const kindOf = (notice) => (notice === "token_reused" ? "bad" : notice === "ended" ? "warn" : "info");
