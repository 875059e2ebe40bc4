/* What forms with a password have in common: what was typed, what went wrong, how long to wait. */
import { useState } from "./dom.js";
import { useCountdown } from "./fields.js";
import { t } from "./text.js";

/* A form with a password: sends it, once at a time, and waits when it is told to. */
export function useForm(run) {
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [wasSent, setSent] = useState(false);
  const [seconds, wait] = useCountdown();

  const submit = async (event) => {
    event.preventDefault();
    setSent(true);
    const isFilled = [...event.target.elements].every((one) => !one.required || one.value);
    if (!isFilled) return;
    setBusy(true);
    setProblem(null);
    try {
      await run();
    } catch (found) {
      if (found.code === "throttled") wait(found.retryAfter ?? 1);
      setProblem(found);
    }
    setBusy(false);
  };

  const change = (value) => {
    setPassword(value);
    setProblem((before) => (isAbout(before, "password") ? null : before));
  };
  const missing = (value, what) => (wasSent && !value ? t(`missing.${what}`) : null);
  return { password, setPassword: change, problem, submit, missing, seconds, isBusy: isBusy || seconds > 0 };
}

/* Whether `problem` is one with what was typed into that field. */
export const isAbout = (problem, field) => problem?.errors?.[0]?.field === field || Boolean(problem?.code?.startsWith(`${field}_`) && problem.code !== "email_taken");
