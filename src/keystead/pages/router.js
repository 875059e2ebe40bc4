/*
 * Addresses without reloading: links inside an area, and the way back. Paths are those of the service: what
 * stands before them, where another application has mounted it, is added and taken away here.
 */
import { html, useEffect, useState } from "./dom.js";

const { root } = document.documentElement.dataset;
const here = () => location.pathname.slice(root.length);
const watchers = new Set();
const tell = () => watchers.forEach((watcher) => watcher());
addEventListener("popstate", tell);

export function usePath() {
  const [path, setPath] = useState(here());
  useEffect(() => {
    const watcher = () => setPath(here());
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, []);
  return path;
}

export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", root + path);
  tell();
  scrollTo(0, 0);
}

export function Link({ to, children, ...rest }) {
  const follow = (event) => {
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!isPlain) return;
    event.preventDefault();
    go(to);
  };
  return html`<a href=${root + to} onClick=${follow} ...${rest}>${children}</a>`;
}

/*
 * Keep what is being looked for, so that a reload and the way back find it again: `values` in the address,
 * which can be passed on; `own`, who is looked for, in this tab's memory of the page.
 */
export function keepQuery(values, own) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  history.replaceState(own, "", location.pathname + (query.size ? `?${query}` : ""));
}

export const queryValue = (name) => new URLSearchParams(location.search).get(name) ?? history.state?.[name] ?? "";
