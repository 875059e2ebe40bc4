/*
 * session.js against a Keystead that runs:
 *
 *   make serve
 *   KEYSTEAD_URL=http://127.0.0.1:3020 node --test examples/spa/session.test.js
 *
 * A browser is a cookie jar here, a lock and a name that its tabs share. Its access tokens can be spoiled at any
 * moment: what is sent in their place is refused as one that has expired is.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { GET } from "./next/app/api/hello/route.js";
import { proxy } from "./next/proxy.js";
import { Problem, createSession } from "./session.js";

const KEYSTEAD = process.env.KEYSTEAD_URL;
const CROSS_SITE = process.env.CROSS_SITE_URL;
const PASSWORD = "correct horse battery staple";
const opened = [];

after(() => opened.forEach((tab) => tab.close()));

class Browser {
  cookies = new Map();
  storage = new Map();
  asked = [];
  #given = new Set();
  #spoiled = new Set();
  name = randomUUID();
  #last = Promise.resolve();

  locks = {
    request: (_, work) => {
      const mine = this.#last.then(work);
      this.#last = mine.catch(() => {});
      return mine;
    },
  };

  tab({ url = KEYSTEAD, hasLocks = true, origin = new URL(url).origin } = {}) {
    const storage = {
      getItem: (key) => this.storage.get(key) ?? null,
      setItem: (key, value) => this.storage.set(key, value),
      removeItem: (key) => this.storage.delete(key),
    };
    const made = createSession({ url, name: this.name, storage, locks: hasLocks ? this.locks : null, fetch: this.#fetchFrom(origin) });
    opened.push(made);
    return made;
  }

  spoil() {
    this.#spoiled = new Set([...this.#spoiled, ...this.#given]);
  }

  #fetchFrom(origin) {
    return async (target, { headers, keepalive, ...options } = {}) => {
      const sent = new Headers(headers);
      sent.set("Origin", origin);
      sent.set("Cookie", [...this.cookies].map((pair) => pair.join("=")).join("; "));
      const token = sent.get("Authorization");
      if (token) this.#given.add(token);
      if (this.#spoiled.has(token)) sent.set("Authorization", "Bearer spoiled");
      this.asked.push(new URL(target).pathname);
      const answer = await fetch(target, { ...options, headers: sent });
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
        if (value) this.cookies.set(name, value);
        else this.cookies.delete(name);
      }
      return answer;
    };
  }

  refreshes() {
    return this.asked.filter((path) => path.endsWith("/auth/refresh")).length;
  }
}

const newPerson = () => `${randomUUID()}@example.com`;

async function signedIn(options = {}) {
  const browser = new Browser();
  const email = newPerson();
  const tab = browser.tab(options);
  await tab.start();
  await tab.register(email, PASSWORD);
  await tab.signIn(email, PASSWORD);
  return { browser, tab, email };
}

async function anotherTab(browser, options = {}) {
  const tab = browser.tab(options);
  await tab.start();
  return tab;
}

const profile = async (tab) => (await tab.fetch(`${KEYSTEAD}/profile`)).status;
const codeOf = (problem) => problem instanceof Problem && problem.code;

test("who is not signed in is told so, and may sign in", async () => {
  const browser = new Browser();
  const tab = await anotherTab(browser);
  assert.deepEqual(tab.current(), { status: "out", user: null });

  const email = newPerson();
  await tab.register(email, PASSWORD);
  await assert.rejects(tab.signIn(email, "wrong"), (problem) => codeOf(problem) === "invalid_credentials" && problem.status === 401);
  await tab.signIn(email, PASSWORD);

  assert.equal(tab.current().status, "in");
  assert.equal(tab.current().user.email, email);
  assert.equal(await profile(tab), 200);
});

test("whoever watches is told of each change, until they stop", async () => {
  const { tab } = await signedIn();
  const seen = [];
  const stop = tab.subscribe(() => seen.push(tab.current().status));
  await tab.signOut();
  stop();
  await tab.start();
  assert.deepEqual(seen, ["out"]);
});

test("ten requests at once with an expired token are one refresh", async () => {
  const { browser, tab } = await signedIn();
  await profile(tab);
  browser.spoil();
  const before = browser.refreshes();
  const statuses = await Promise.all(Array.from({ length: 10 }, () => profile(tab)));
  assert.deepEqual(statuses, Array(10).fill(200));
  assert.equal(browser.refreshes() - before, 1);
});

for (const hasLocks of [true, false]) {
  test(`three tabs that refresh at once stay signed in, ${hasLocks ? "with" : "without"} locks`, async () => {
    const { browser, tab } = await signedIn({ hasLocks });
    const tabs = [tab, await anotherTab(browser, { hasLocks }), await anotherTab(browser, { hasLocks })];
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(tabs.map(profile));
      browser.spoil();
      assert.deepEqual(await Promise.all(tabs.map(profile)), [200, 200, 200]);
    }
    assert.deepEqual(tabs.map((one) => one.current().status), ["in", "in", "in"]);
  });
}

test("a page that is loaded again is signed in, without the password", async () => {
  const { browser, email } = await signedIn();
  const reloaded = await anotherTab(browser);
  assert.equal(reloaded.current().user.email, email);
  assert.equal(await profile(reloaded), 200);
});

test("signing out in one tab signs out the others, and the token is refused", async () => {
  const { browser, tab } = await signedIn();
  const other = await anotherTab(browser);
  await tab.signOut();
  await wait(100);
  assert.equal(other.current().status, "out");
  await assert.rejects(profile(other), (problem) => codeOf(problem) === "refresh_missing");
});

test("a session that was ended on another device is noticed by the next request", async () => {
  const { tab, email } = await signedIn();
  const phone = new Browser().tab();
  await phone.signIn(email, PASSWORD);
  assert.equal((await phone.fetch(`${KEYSTEAD}/sessions?except=current`, { method: "DELETE" })).status, 200);

  await assert.rejects(profile(tab), (problem) => codeOf(problem) === "session_ended");
  assert.deepEqual(tab.current(), { status: "out", user: null });
});

test("a stolen cookie that was used ends it for both", async () => {
  const { browser, tab } = await signedIn();
  await profile(tab);
  browser.spoil();
  const thief = new Browser();
  thief.cookies = new Map(browser.cookies);
  await thief.tab().start();
  await thief.tab().start();
  await assert.rejects(profile(tab), (problem) => codeOf(problem) === "refresh_reused");
  assert.equal(tab.current().status, "out");
});

test("what one person asked for is not done in the name of another", async () => {
  const { browser, tab } = await signedIn();
  const other = await anotherTab(browser);
  other.close(); // It does not hear what happens meanwhile.
  const email = newPerson();
  await tab.register(email, PASSWORD);
  await tab.signIn(email, PASSWORD);
  await assert.rejects(profile(other), (problem) => codeOf(problem) === "user_changed");
  await wait(300);
  assert.equal(other.current().user.email, email);
});

for (const hasLocks of [true, false]) {
  test(`a refresh that is answered late does not undo a sign-in (locks: ${hasLocks})`, async () => {
    const token = (who) => `h.${Buffer.from(JSON.stringify({ sub: who })).toString("base64url")}.s`;
    let [cookie, answerLate] = ["ada", null];
    const fetch = async (target, { headers }) => {
      const who = cookie;
      if (target.endsWith("/auth/login")) cookie = "bob";
      if (target.endsWith("/auth/refresh")) await new Promise((go) => (answerLate = go)).then(() => (cookie = who));
      if (target.endsWith("/profile")) return Response.json({ user: { _id: headers.Authorization } });
      return Response.json({ accessToken: token(cookie), user: { _id: cookie } });
    };
    const session = createSession({ url: KEYSTEAD, fetch, storage: null, locks: hasLocks ? new Browser().locks : null });
    opened.push(session);

    const started = session.start();
    await wait(20);
    const signedIn = session.signIn("bob@example.com", PASSWORD);
    await wait(20);
    answerLate();
    await Promise.all([started, signedIn]);

    assert.equal(cookie, "bob");
    assert.equal(session.current().user._id, "bob");
  });
}

test("somebody else who signs in in another tab is shown in this one", async () => {
  const { browser, tab } = await signedIn();
  const other = await anotherTab(browser);
  const email = newPerson();
  await tab.register(email, PASSWORD);
  await tab.signIn(email, PASSWORD);
  await wait(500);
  assert.equal(other.current().user?.email, email);
});

test("the token is for nobody else", async () => {
  const { browser, tab } = await signedIn();
  const before = browser.asked.length;
  await assert.rejects(tab.fetch("https://elsewhere.example/profile"), TypeError);
  assert.equal(browser.asked.length, before);
});

test("where nobody answers nobody is signed out", async () => {
  const tab = new Browser().tab({ url: "http://127.0.0.1:1" });
  await assert.rejects(tab.start(), (problem) => codeOf(problem) === "offline");
  assert.equal(tab.current().status, "unknown");
});

test("a success that was cut off is none", async () => {
  const cutOff = async () => new Response('{"accessToken":"ey', { status: 200 });
  const tab = createSession({ url: KEYSTEAD, name: randomUUID(), storage: null, locks: null, fetch: cutOff });
  opened.push(tab);
  await assert.rejects(tab.start(), (problem) => codeOf(problem) === "offline");
  assert.equal(tab.current().status, "unknown");
});

test("where the cookie goes to other sites the token against forgery goes along", async () => {
  const { browser, tab } = await signedIn({ url: CROSS_SITE, origin: "https://app.example" });
  const reloaded = await anotherTab(browser, { url: CROSS_SITE, origin: "https://app.example" });
  assert.equal(reloaded.current().status, "in");

  browser.storage.clear();
  await tab.start();
  assert.equal(tab.current().status, "out");
});

test("a route handler and a proxy of Next.js let in who is signed in, and nobody else", async () => {
  const { email } = await signedIn();
  const login = await fetch(`${KEYSTEAD}/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  const { accessToken, user } = await login.json();
  const request = new Request("http://localhost/api/hello", { headers: { Authorization: `Bearer ${accessToken}` } });
  assert.deepEqual(await (await GET(request)).json(), { hello: user._id, role: "user" });
  assert.equal(await proxy(request), undefined);

  for (const headers of [{}, { Authorization: "Bearer x" }, { Cookie: login.headers.get("set-cookie") }]) {
    const refused = await GET(new Request("http://localhost/api/hello", { headers }));
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("WWW-Authenticate"), /^Bearer/);
    assert.equal((await proxy(new Request("http://localhost/api/x", { headers }))).status, 401);
  }
});
