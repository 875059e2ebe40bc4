/*
 * Who is signed in, as far as this tab knows; other tabs are told, and tell.
 *
 *   starting -> in | out | failed       when the page is loaded
 *   in -> ended                         the session is over: the page stays, behind a sign-in form
 *   in -> out                           they signed out, here or in another tab
 */
import { useEffect, useState } from "./dom.js";
import { Problem, forgetCsrf, on, plain, refresh, send, setToken } from "./api.js";

let state = { status: "starting", user: null, session: null, notice: null, problem: null, era: 0 };
const watchers = new Set();
const listeners = new Set();
const tabs = new BroadcastChannel("keystead");

export function useSession() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const watcher = () => redraw((n) => n + 1);
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, []);
  return state;
}

export const current = () => state;

/* Find out whether there is a session behind the cookie. */
export function begin() {
  setToken(null);
  return start(async () => {
    await refresh();
    await enter();
  });
}

async function start(work) {
  change({ status: "starting", problem: null });
  try {
    await work();
  } catch (problem) {
    // 403 csrf_token_invalid: another page of this site has opened a session that this one cannot go on with.
    if (problem.status === 401 || problem.code === "csrf_token_invalid") leave(null);
    else change({ status: "failed", problem });
  }
}

export async function signIn(email, password) {
  const answer = await plain("POST", "/auth/login", { email, password });
  const isAnother = state.user && state.user._id !== answer.user._id;
  setToken(answer.accessToken);
  await enter(isAnother);
  tabs.postMessage({ kind: "in", user: answer.user._id });
}

export const register = (email, password) => plain("POST", "/auth/register", { email, password });

/* Where the service cannot be reached the session lives on: whoever asked is not told that it is over. */
export async function signOut() {
  await plain("POST", "/auth/logout");
  tabs.postMessage({ kind: "out" });
  leave("signed_out");
}

/* Nobody is signed in any more; `notice` says why, if they should know. */
export function leave(notice) {
  setToken(null);
  forgetCsrf();
  change({ status: "out", user: null, session: null, notice, era: state.era + 1 });
}

/* The account was deleted, so its other tabs have nothing to show either. */
export function leaveForGood() {
  tabs.postMessage({ kind: "out" });
  leave("account_deleted");
}

/* Tell this person's other tabs that something has changed that they may show. */
export const tellTabs = (topic) => tabs.postMessage({ kind: "changed", topic });

export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function enter(isAnother = false) {
  const { user, session } = await send("GET", "/profile");
  if (!user?._id) throw new Problem("offline"); // Something in between has answered.
  const era = isAnother ? state.era + 1 : state.era;
  change({ status: "in", user, session, notice: null, problem: null, era });
}

/* Somebody has signed in in another tab. If it is who was here, the page goes on as it was. */
function enterAfter(user) {
  if (state.user?._id === user) {
    refresh().then(() => enter(), () => {});
    return;
  }
  change({ era: state.era + 1, user: null });
  begin();
}

/* Something was refused to who may have been allowed it until now: ask what they are. */
export const lookAgain = () => enter().catch(() => {});

function change(changes) {
  state = { ...state, ...changes };
  for (const watcher of watchers) watcher();
}

on.ended = (problem) => {
  if (state.status === "in") change({ status: "ended", notice: problem.code === "refresh_reused" ? "token_reused" : "ended" });
};

on.changed = () => {
  change({ era: state.era + 1, user: null, session: null });
  start(enter); // with the token of that refresh, which is not over yet
};

tabs.onmessage = ({ data }) => {
  if (data.kind === "changed") for (const listener of listeners) listener(data.topic);
  else if (data.kind === "out" && state.status !== "out") leave("signed_out_elsewhere");
  else if (data.kind === "in" && (state.status !== "in" || state.user._id !== data.user)) enterAfter(data.user);
};

// Gone back to a page that the browser had kept: what it shows may be over.
addEventListener("pageshow", (event) => {
  if (event.persisted) begin();
});
