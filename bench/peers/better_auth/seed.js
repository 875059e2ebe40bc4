// node seed.js SESSIONS TOKENS: one person signs up; SQL copies the rows, ten sessions to a user.
//
// All sessions are from the last 20 hours: none of those asked for is due for renewal.

import { createHmac, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { COOKIE, SECRET, migrate, open } from "./auth.js";

const PASSWORD = "correct horse battery staple";
// The hash itself does not say: https://better-auth.com/docs/authentication/email-password and
// node_modules/@better-auth/utils/dist/password.node.mjs.
const HASH = "scrypt$N=16384,r=16,p=1";
const SESSIONS_PER_USER = 10;
const PEOPLE = 500;
const PAST_MS = 20 * 3600 * 1000;

function copy(db, table, count, own) {
  const columns = db.pragma(`table_info(${table})`).map((column) => column.name);
  const values = columns.map((name) => own[name] ?? `model."${name}"`);
  db.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT ${count})
    INSERT INTO ${table} (${columns.map((name) => `"${name}"`)})
    SELECT ${values} FROM numbers JOIN (SELECT * FROM ${table} LIMIT 1) AS model
  `);
}

function fill(db, sessions, users, now) {
  // Nobody has to find it whole after a crash, and every user is there.
  db.pragma("journal_mode = MEMORY");
  db.pragma("synchronous = OFF");
  db.pragma("foreign_keys = OFF");
  db.pragma("cache_size = -400000");
  const iso = (milliseconds) => `strftime('%Y-%m-%dT%H:%M:%fZ', (${milliseconds}) / 1000.0, 'unixepoch')`;
  const began = `${now - PAST_MS} + n * ${PAST_MS}.0 / ${sessions}`;
  // 32 characters, as it makes them; in order, since filling an index at random takes minutes.
  const random = "printf('%08x', n) || lower(hex(randomblob(12)))";
  db.transaction(() => {
    copy(db, "user", users, { id: "'user-' || n", email: "'person-' || n || '@example.com'" });
    copy(db, "account", users, { id: random, accountId: "'user-' || n", userId: "'user-' || n" });
    copy(db, "session", sessions, {
      id: random,
      token: random,
      userId: `'user-' || (n * 7919 % ${users})`,
      createdAt: iso(began),
      updatedAt: iso(began),
      expiresAt: iso(`${began} + ${7 * 24 * 3600 * 1000}`),
    });
  })();
  db.exec("ANALYZE");
}

function signed(token) {
  const signature = createHmac("sha256", SECRET).update(token).digest("base64");
  return `${COOKIE}=${encodeURIComponent(`${token}.${signature}`)}`;
}

async function cached(folder, cookies) {
  const { auth, db } = open(folder, "cookie-cache");
  const both = [];
  for (const cookie of cookies) {
    const request = new Request("https://bench.example.com/api/auth/get-session", { headers: { cookie } });
    const answer = await auth.handler(request);
    const given = answer.headers.getSetCookie().map((header) => header.split(";")[0]);
    both.push([cookie, ...given].join("; "));
  }
  db.close();
  return both;
}

const [sessions, tokens] = process.argv.slice(2).map(Number);
const users = Math.max(1, sessions / SESSIONS_PER_USER);
const opened = open(process.cwd());
await migrate(opened.options);
await opened.auth.api.signUpEmail({
  body: { email: `model-${randomUUID()}@example.com`, password: PASSWORD, name: "Model" },
});
fill(opened.db, sessions, users, Date.now());
const chosen = opened.db
  .prepare("SELECT token FROM session WHERE userId LIKE 'user-%' ORDER BY random() LIMIT ?")
  .all(tokens)
  .map((row) => signed(row.token));
const seeded = {
  headers: chosen.map((cookie) => `Cookie: ${cookie}`),
  cached_headers: (await cached(process.cwd(), chosen)).map((cookie) => `Cookie: ${cookie}`),
  emails: Array.from({ length: Math.min(PEOPLE, users) }, (_, n) => `person-${n}@example.com`),
  password: PASSWORD,
  password_hash: HASH,
};
opened.db.close();
writeFileSync("seeded.json", JSON.stringify(seeded));
