/*
 * Who is signed in, for pages of your own that use Keystead. No dependency; for browsers of 2024 and later.
 *
 *   const session = createSession({ url: "/accounts" });    // where Keystead is: a path, or an origin
 *   session.subscribe(() => show(session.current()));       // {status, user}
 *   await session.start();                                  // the page was loaded: is there a session?
 *   await session.signIn(email, password);
 *   const answer = await session.fetch("/api/notes");       // with the access token, refreshed if need be
 *
 * status: "starting" | "in" | "out" | "unknown", where nobody could be asked. The access token is a variable in here
 * and nowhere else; the refresh token is in a cookie, and can be used once: tabs take turns under a lock.
 */

const OVER = new Set(["refresh_missing", "refresh_invalid", "refresh_reused", "session_ended", "csrf_token_invalid"]);

/* A refusal, by its code in Keystead's docs/errors.md; or `offline`, or `user_changed`. */
export class Problem extends Error {
  constructor(code, answer = null, { message = code, errors = [] } = {}) {
    super(message);
    Object.assign(this, { code, errors, status: answer?.status ?? 0, retryAfter: Number(answer?.headers.get("Retry-After")) });
  }
}

/* apis: other origins that may see the access token. What stands after it is there for tests. */
export function createSession({ url = "", apis = [], name = "keystead-session", fetch = (...of) => globalThis.fetch(...of), locks = globalThis.navigator?.locks, storage = globalThis.window?.localStorage } = {}) {
  const page = globalThis.location?.href ?? "http://localhost/";
  const home = new URL(url || "/", page).href.replace(/\/$/, "");
  const mayKnow = new Set([new URL(page).origin, new URL(home).origin, ...apis]);
  const watchers = new Set();
  let state = { status: "starting", user: null };
  let [token, owner, refreshing, tabs] = [null, null, null, null];

  const change = (status, user = null) => {
    state = { status, user };
    for (const watcher of watchers) watcher();
  };
  const setToken = (text) => {
    token = text;
    owner = text && JSON.parse(atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  };
  const leave = () => {
    setToken(null);
    storage?.removeItem(name);
    if (state.status !== "out") change("out");
  };

  /* Ask Keystead itself. Its cookie goes along and, where that goes to other sites, the token against forgery. */
  async function ask(method, path, body) {
    const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
    const csrf = storage?.getItem(name);
    if (csrf) headers["X-CSRF-Token"] = csrf;
    // keepalive: left in the middle of a refresh, a page would lose the new cookie, and the old one is spent.
    const how = { method, headers, body: body && JSON.stringify(body), credentials: "include", cache: "no-store", redirect: "error", keepalive: true };
    const answer = await fetch(home + path, how).catch(() => Promise.reject(new Problem("offline")));
    // What a proxy in between says may be anything; a success that was cut off is none.
    const said = await answer.json().catch(() => (answer.ok ? Promise.reject(new Problem("offline")) : {}));
    if (answer.headers.has("X-CSRF-Token")) storage?.setItem(name, answer.headers.get("X-CSRF-Token"));
    if (answer.ok) return said;
    throw new Problem(said.code ?? "unknown", answer, said);
  }

  /* What changes the cookie is done by one tab at a time; without locks, at least once this tab is done with it. */
  const alone = (work) => (locks ? locks.request(name, work) : Promise.allSettled([refreshing]).then(work));

  /* Get a new access token: one refresh for all requests of this tab. */
  const refresh = () => {
    refreshing ??= (locks ? alone(swap) : swap()).finally(() => (refreshing = null));
    return refreshing;
  };

  async function swap() {
    const before = owner;
    const once = (tries) =>
      ask("POST", "/auth/refresh").catch(async (problem) => {
        if (!tries || problem.code !== "refresh_superseded") throw problem;
        // Where there are no locks other tabs may have been first: the cookie that one of them was given is good.
        await new Promise((go) => setTimeout(go, 500 * Math.random()));
        return once(tries - 1);
      });
    try {
      setToken((await once(5)).accessToken);
    } catch (problem) {
      if (OVER.has(problem.code)) leave();
      throw problem;
    }
    if (before && owner !== before) enter().catch(() => change("unknown"));
  }
  const enter = async () => {
    const asking = owner;
    const { user } = await ask("GET", "/profile");
    if (owner === asking) change("in", user); // Somebody else may have signed in meanwhile.
  };
  async function start() {
    tabs ??= listen();
    if (state.status !== "starting") change("starting");
    try {
      await refresh();
      await enter();
    } catch (problem) {
      if (state.status === "starting") change("unknown");
      if (!OVER.has(problem.code)) throw problem;
    }
  }

  function listen() {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => (data === "out" ? leave() : data !== owner && start().catch(() => {}));
    return channel;
  }

  const signIn = (email, password) =>
    alone(async () => {
      const answer = await ask("POST", "/auth/login", { email, password });
      setToken(answer.accessToken);
      change("in", answer.user);
      tabs?.postMessage(owner);
    });

  /* Fails where Keystead cannot be reached: the session lives on then, and whoever asked should know. */
  const signOut = () =>
    alone(async () => {
      await ask("POST", "/auth/logout");
      tabs?.postMessage("out");
      leave();
    });

  /* As `fetch`, with the access token. A body that is a stream cannot be sent a second time. */
  async function withToken(input, options = {}) {
    const target = new URL(input, page);
    if (!mayKnow.has(target.origin)) throw new TypeError(`the access token is not for ${target.origin}: see apis`);
    const asking = owner;
    for (let tries = 0; ; tries += 1) {
      if (!token) await refresh();
      // What one person asked for is not done in the name of whoever has signed in meanwhile.
      if (asking && owner !== asking) throw new Problem("user_changed");
      const used = token;
      const headers = new Headers(options.headers);
      headers.set("Authorization", `Bearer ${used}`);
      const answer = await fetch(target.href, { ...options, headers });
      if (tries || answer.status !== 401 || !answer.headers.get("WWW-Authenticate")?.includes("invalid_token")) return answer;
      if (token === used) await refresh();
    }
  }

  const register = (email, password) => ask("POST", "/auth/register", { email, password });
  const subscribe = (watcher) => watchers.add(watcher) && (() => watchers.delete(watcher));
  return { start, register, signIn, signOut, fetch: withToken, current: () => state, subscribe, close: () => tabs?.close() };
}

/* On a server: who has sent this request? {user, role, session}, or the Response to refuse it with. */
export async function whoIs(request, keystead) {
  const headers = { Authorization: request.headers.get("Authorization") ?? "" };
  const answer = await fetch(`${keystead}/auth/verify`, { headers, cache: "no-store", redirect: "error" }).catch(() => null);
  const said = (name) => answer.headers.get(name);
  if (answer?.status === 204) return { user: said("X-User-Id"), role: said("X-User-Role"), session: said("X-Session-Id") };
  if (answer?.status === 401) return new Response(null, { status: 401, headers: { "WWW-Authenticate": said("WWW-Authenticate") } });
  return new Response(null, { status: 503, headers: { "Retry-After": "5" } }); // Nobody can say: no reason to sign out.
}
