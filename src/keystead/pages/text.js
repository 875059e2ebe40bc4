/* From a key to words. en.js has them all; for another language name another such file here, and its code. */
import { texts } from "./en.js";

export const language = "en";

document.documentElement.lang = language;

/* The person's own variety of that language: how dates and numbers are written. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(locale);

/* The text of `key` with `{name}` replaced; where it has forms, `count` decides. */
export function t(key, values = {}) {
  return split(key, values).map((part, at) => (at % 2 ? written(values[part]) : part)).join("");
}

/* The same as a list, with elements in the places of `values`. */
export function tx(key, values = {}) {
  return split(key, values).map((part, at) => (at % 2 ? values[part] : part));
}

/* The ends of all keys that begin with `prefix`. */
export const keysOf = (prefix) =>
  Object.keys(texts).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));

export const has = (key) => Object.hasOwn(texts, key);

export const written = (value) => (typeof value === "number" ? numbers.format(value) : String(value));

function split(key, values) {
  const found = texts[key];
  const pattern = typeof found === "object" ? (found[plurals.select(values.count)] ?? found.other) : found;
  // A service of a newer version may name what there are no words for yet: that is no reason to show nothing.
  return (pattern ?? key).split(/\{(\w+)\}/);
}
