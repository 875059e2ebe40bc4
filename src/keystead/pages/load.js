/* Data for a page: loaded, kept fresh while somebody looks at it, and kept when a reload fails. */
import { useCallback, useEffect, useRef, useState } from "./dom.js";
import { current, listen, lookAgain, useSession } from "./session.js";

const IDLE_MS = 10 * 60_000;
let touchedAt = Date.now();
for (const kind of ["pointerdown", "keydown", "focus"]) {
  addEventListener(kind, () => (touchedAt = Date.now()), { capture: true, passive: true });
}

/*
 * load(signal): what to show. keys: what it depends on. every: milliseconds between two looks; none are
 * taken while the page is hidden or nobody has touched it for ten minutes, or a forgotten page would
 * keep its session alive. topic: of other tabs' changes.
 *
 * Returns data (the last that came), problem (of the last try), isLoading and reload().
 */
export function useLoad(load, keys, { every = 0, topic = null } = {}) {
  const [found, setFound] = useState({ data: null, problem: null, isLoading: true, at: 0 });
  const running = useRef(null);
  const { status } = useSession();

  const reload = useCallback(async () => {
    running.current?.abort();
    const mine = (running.current = new AbortController());
    setFound((before) => ({ ...before, isLoading: true }));
    try {
      const data = await load(mine.signal);
      if (!mine.signal.aborted) setFound({ data, problem: null, isLoading: false, at: Date.now() });
    } catch (problem) {
      // When the session is over the form to sign in is shown; what is behind it stays as it was.
      if (mine.signal.aborted || problem.code === "cancelled" || current().status !== "in") return;
      setFound((before) => ({ ...before, problem, isLoading: false }));
      if (problem.code === "forbidden") lookAgain();
    }
  }, keys);

  useEffect(() => {
    if (status === "in") reload();
    return () => running.current?.abort();
  }, [reload, status]);

  useEffect(() => {
    if (!every || status !== "in") return undefined;
    const isWatched = () => document.visibilityState === "visible" && Date.now() - touchedAt < IDLE_MS;
    const look = () => isWatched() && reload();
    const timer = setInterval(look, every);
    for (const kind of ["focus", "online"]) addEventListener(kind, look);
    document.addEventListener("visibilitychange", look);
    const deafen = listen((changed) => changed === topic && reload());
    return () => {
      clearInterval(timer);
      for (const kind of ["focus", "online"]) removeEventListener(kind, look);
      document.removeEventListener("visibilitychange", look);
      deafen();
    };
  }, [reload, every, topic, status]);

  return { ...found, reload };
}
