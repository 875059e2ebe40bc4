/*
 * Speaks to the API as any other client would. The access token is a variable of this module, and
 * nowhere else; the refresh token is in a cookie that no script can read.
 *
 * A spent refresh token is taken for a stolen one, so tabs must not use the same one twice: they take
 * turns under a lock of the browser. Whoever still comes second is told so, and tries once more with the
 * cookie that the first one was given.
 */

const LOCK = "keystead-refresh";
const CSRF = "keystead-csrf";
const TIMEOUT_MS = 20_000;
const TOKEN_IS_OLD = new Set(["token_missing", "token_invalid", "token_expired", "session_ended"]);
const COOKIE_IS_OVER = new Set(["refresh_missing", "refresh_invalid", "refresh_reused", "session_ended", "csrf_token_invalid"]);

/* What stands before every path of the service, where another application has mounted it. */
const { root } = document.documentElement.dataset;

let accessToken = null;
let owner = null;
let refreshing = null;

/* What the pages do when the API asks for something; session.js and step-up.js say. */
export const on = {
  ended: (_problem) => {},
  changed: () => {},
  password: async () => false,
};

/* An answer that is an error, or none at all. `code` is the API's, or `offline`, `timeout`, `cancelled`. */
export class Problem extends Error {
  constructor(code, { status = 0, message = code, errors = [], requestId = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { code, status, errors, requestId, retryAfter });
  }
}

/* The session that a CSRF token belongs to is over. */
export const forgetCsrf = () => localStorage.removeItem(CSRF);

/* Somebody is signed in with this token from here on; null: nobody. */
export function setToken(token) {
  accessToken = token;
  owner = token && subjectOf(token);
}

/* Ask without a token: to sign in, to register. */
export async function plain(method, path, body) {
  return read(await ask(method, path, { body }));
}

/* Ask as whoever is signed in; refreshes the token, and asks for the password, where that is needed. */
export async function send(method, path, { body, signal } = {}) {
  const asking = owner;
  for (let tries = 0; ; tries += 1) {
    try {
      if (!accessToken) await refresh();
      // Somebody else has signed in meanwhile: what one person asked for is not done in another one's name.
      if (asking && owner !== asking) throw new Problem("user_changed");
      return await read(await ask(method, path, { body, signal, token: accessToken }));
    } catch (problem) {
      const mayRetry = tries < 2 && problem instanceof Problem;
      if (mayRetry && problem.code === "reauthentication_required") {
        if (!(await on.password())) throw new Problem("cancelled");
      } else if (mayRetry && tries < 1 && TOKEN_IS_OLD.has(problem.code)) {
        await refresh();
      } else {
        throw problem;
      }
    }
  }
}

/* Get a new access token with the cookie; of this tab's requests one does it for all. */
export function refresh() {
  refreshing ??= taking(turn).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function turn() {
  try {
    const answer = await swap();
    const before = owner;
    setToken(answer.accessToken);
    // In another tab somebody else has signed in: what is on this page must not be done in their name.
    if (before && owner !== before) {
      on.changed();
      throw new Problem("user_changed");
    }
  } catch (problem) {
    if (COOKIE_IS_OVER.has(problem.code)) {
      const wasSignedIn = accessToken !== null;
      accessToken = null;
      if (wasSignedIn || owner) on.ended(problem);
    }
    throw problem;
  }
}

async function swap() {
  const once = async () => read(await ask("POST", "/auth/refresh"));
  try {
    return await once();
  } catch (problem) {
    if (problem.code !== "refresh_superseded") throw problem;
    return once();
  }
}

/* Over plain http to another machine browsers have no locks; then `refresh_superseded` must do. */
function taking(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

async function ask(method, path, { body, signal, token } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  // Only where the cookie goes to other sites is there such a token; it opens nothing by itself.
  const csrf = path.startsWith("/auth/") ? localStorage.getItem(CSRF) : null;
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(root + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
      // Left in the middle of it, a page would lose the new cookie, and the old one is spent.
      keepalive: path === "/auth/refresh",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw new Problem("cancelled");
    throw new Problem(error.name === "TimeoutError" ? "timeout" : "offline");
  }
}

async function read(answer) {
  const csrf = answer.headers.get("X-CSRF-Token");
  if (csrf) localStorage.setItem(CSRF, csrf);
  // What a proxy in between says may be anything; a success that was cut off is none.
  const body = await answer.json().catch(() => (answer.ok ? null : {}));
  if (body === null) throw new Problem("offline");
  if (answer.ok) return body;
  throw new Problem(body.code ?? (answer.status >= 500 ? "store_unavailable" : "unknown"), {
    status: answer.status,
    message: body.message,
    errors: body.errors,
    requestId: body.request_id ?? answer.headers.get("X-Request-ID"),
    retryAfter: Number(answer.headers.get("Retry-After")) || null,
  });
}

function subjectOf(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(text).sub;
}
