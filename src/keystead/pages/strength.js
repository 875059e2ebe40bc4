/*
 * A first judgement of a password while it is typed; the service has the last word, with its list of
 * common ones. Returns {score: 0..4, text}; 0: too short.
 */
import { t } from "./text.js";

const COMMON = new Set(
  ("password passwort qwerty qwertyuiop azerty letmein welcome admin administrator login iloveyou monkey dragon " +
    "football baseball master sunshine princess shadow superman michael trustno abc abcdef asdf asdfgh zxcvbn " +
    "hello secret freedom whatever changeme default guest test user love pokemon starwars batman").split(" "),
);
const RUNS = ["abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
const FAIR_BITS = 36;
const GOOD_BITS = 52;
const STRONG_BITS = 70;

export function judge(password, email, { minimum, service }) {
  const length = [...password].length;
  if (length < minimum) return { score: 0, text: t("strength.short", { count: minimum - length }) };
  const folded = password.toLowerCase();
  const letters = folded.replace(/[\d\W_]+/g, "");
  if (COMMON.has(letters) || !letters.length && new Set(folded).size < 5) return { score: 1, text: t("strength.common") };
  const words = [email, email.split("@")[0], service].map((word) => word.toLowerCase()).filter((word) => word.length > 3);
  if (words.some((word) => folded.includes(word) && !/\p{L}/u.test(folded.replace(word, "")))) {
    return { score: 1, text: t("strength.personal") };
  }
  const bits = surprise(folded, password);
  const score = bits >= STRONG_BITS ? 4 : bits >= GOOD_BITS ? 3 : bits >= FAIR_BITS ? 2 : 1;
  return { score, text: t(`strength.${score}`) };
}

/* What follows from the character before, in the alphabet or on the keys, is no surprise. */
function surprise(folded, password) {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].map((kind) => kind.test(password));
  const pool = 26 * kinds[0] + 26 * kinds[1] + 10 * kinds[2] + 33 * kinds[3];
  let fresh = 0;
  for (let at = 0; at < folded.length; at += 1) {
    const pair = folded.slice(at - 1, at + 1);
    const isRun = at > 0 && (pair[0] === pair[1] || RUNS.some((run) => run.includes(pair)));
    const isRepeat = at > 1 && folded.indexOf(pair) < at - 1;
    fresh += isRun || isRepeat ? 0.25 : 1;
  }
  // A letter in a word says less than a letter drawn by lot.
  return fresh * Math.log2(pool) * 0.62;
}
