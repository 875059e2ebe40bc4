/* What an admin can do to one account. Whatever takes something asks first, naming the person; what can be undone, can be. */
import { send } from "./api.js";
import { confirm } from "./dialog.js";
import { meaning } from "./parts.js";
import { begin, current, leaveForGood } from "./session.js";
import { t } from "./text.js";
import { say } from "./toast.js";

const path = (user, what = "") => `/users/${encodeURIComponent(user._id)}${what}`;
const setRole = (user, role) => send("PUT", path(user, `/${role}`));
const setStatus = (user, status) => send("PUT", path(user, "/status"), { body: { status } });

/* The actions that make sense for `user`: {key, isDanger, run()}. done(isGone) is called after each. */
export function actionsFor(user, done) {
  const { email } = user;

  const ask = (key, run, { isDanger = false, typed = null, undo = null, isGone = false } = {}) => ({
    key,
    isDanger,
    run: async () => {
      let count = 0;
      const isDone = await confirm({
        title: t(`act.${key}_title`, { email }),
        body: t(`act.${key}_body`),
        label: t(`act.${key}`),
        isDanger,
        typed,
        run: async () => ({ ended: count = 0 } = await run()),
      });
      if (!isDone) return;
      if (user._id === current().user?._id) {
        // One's own account: whether anything is left to show here is for the service to say.
        await (isGone ? leaveForGood() : begin());
        return;
      }
      say(t(`act.done_${key}`, { email, count }), undo && undoing(undo));
      done(isGone);
    },
  });

  const undoing = (undo) => ({
    label: t("act.undo"),
    run: () => attempt(undo, done, t("act.undone", { email })),
  });

  const role =
    user.role === "admin"
      ? ask("to_user", () => setRole(user, "user"), { undo: () => setRole(user, "admin") })
      : ask("to_admin", () => setRole(user, "admin"), { undo: () => setRole(user, "user") });
  const enable = {
    key: "enable",
    isDanger: false,
    run: () => attempt(() => setStatus(user, "active"), done, t("act.done_enable", { email })),
  };
  const disable = ask("disable", () => setStatus(user, "disabled"), {
    isDanger: true,
    undo: () => setStatus(user, "active"),
  });
  const signOut = ask("sign_out", () => send("DELETE", path(user, "/sessions")), { isDanger: true });
  const remove = ask("delete", () => send("DELETE", path(user)), { isDanger: true, typed: email, isGone: true });
  return user.status === "active" ? [role, signOut, disable, remove] : [role, enable, remove];
}

async function attempt(run, done, text) {
  try {
    await run();
    say(text);
    done(false);
  } catch (problem) {
    if (problem.code !== "cancelled") say(meaning(problem));
  }
}
