/* A React hook around session.js: `const { status, user } = useSession();` */
import { useEffect, useSyncExternalStore } from "react";
import { createSession } from "./session.js";

export const session = createSession({ url: "/accounts" });

const LOOK_EVERY_MS = 60_000;
let isStarted = false;
let lookedAt = 0;

/* Once for the page, however many components use the hook, and not on a server. */
function begin() {
  if (isStarted) return;
  isStarted = true;
  session.start().catch(() => {});
  // Gone back to a page that the browser had kept: what it shows may be over.
  addEventListener("pageshow", (event) => event.persisted && session.start().catch(() => {}));
  // Somebody comes back to this tab: a session that was ended on another device is noticed now.
  document.addEventListener("visibilitychange", () => {
    const isDue = document.visibilityState === "visible" && Date.now() - lookedAt > LOOK_EVERY_MS;
    if (!isDue || session.current().status !== "in") return;
    lookedAt = Date.now();
    session.fetch("/accounts/profile").catch(() => {});
  });
}

export function useSession() {
  useEffect(begin, []);
  return useSyncExternalStore(session.subscribe, session.current, () => STARTING);
}

/* What a server renders: it does not know who asks, since the access token is not sent with navigations. */
const STARTING = { status: "starting", user: null };
