// Better Auth as its documentation sets it up: e-mail and password, the built-in adapter on SQLite or PostgreSQL.
//
// Everything not named here is its default, which its documentation recommends: scrypt, sessions of
// seven days that are renewed once a day, a session read from the database on every request.
// Sources: https://better-auth.com/docs/{installation,adapters/{sqlite,postgresql},concepts/session-management}
// and https://better-auth.com/docs/guides/optimizing-for-performance

import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";
import { join } from "node:path";
import pg from "pg";

const LASTS_THE_RUN_SECONDS = 2 * 3600;

// One mode is the default; the others are said beside their figures.
const MODES = {
  default: {},
  joins: { advanced: { database: { joins: true } } },
  "renew-always": { session: { updateAge: 0 } },
  "cookie-cache": { session: { cookieCache: { enabled: true, maxAge: LASTS_THE_RUN_SECONDS } } },
};

export const SECRET = process.env.BETTER_AUTH_SECRET;
export const COOKIE = "__Secure-better-auth.session_token";

export function open(folder, mode = "default") {
  const url = process.env.PEER_DATABASE_URL;
  const db = url ? new pg.Pool({ connectionString: url }) : inFile(join(folder, "better-auth.db"));
  const options = {
    database: db,
    baseURL: "https://bench.example.com", // Behind TLS, hence secure cookies, as in production.
    secret: SECRET,
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false }, // On by default in production: everything comes from one address.
    ...MODES[mode],
  };
  return { db, options, auth: betterAuth(options) };
}

function inFile(path) {
  const db = new Database(path);
  // https://github.com/WiseLibs/better-sqlite3/blob/master/docs/performance.md. `synchronous` stays
  // FULL, SQLite's default: what was committed survives a power cut, as in Keystead.
  db.pragma("journal_mode = WAL");
  return db;
}

// Its migration makes the indexes that its guide to performance asks for.
export async function migrate(options) {
  await (await getMigrations(options)).runMigrations();
}
