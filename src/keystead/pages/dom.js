/* The one door to the libraries: elements as tagged templates, and hooks. Text stays text. */
import { h } from "./preact.js";
import htm from "./htm.js";

export { render } from "./preact.js";
export { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./preact-hooks.js";

export const html = htm.bind(h);

let last = 0;

/* An id that no other element has. */
export function newId(name) {
  last += 1;
  return `${name}-${last}`;
}
