// node hash_alone.js SECONDS: how many passwords a second its own function verifies, four at a time.

import { hashPassword, verifyPassword } from "better-auth/crypto";

const PASSWORD = "correct horse battery staple";
const AT_ONCE = 4; // Threads of libuv's pool, by default.

const seconds = Number(process.argv[2]);
const hash = await hashPassword(PASSWORD);
const started = performance.now();
const passed = () => (performance.now() - started) / 1000;
let count = 0;

async function verify() {
  while (passed() < seconds) {
    if (!(await verifyPassword({ hash, password: PASSWORD }))) throw new Error("not verified");
    count += 1;
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, verify));
console.log(count / passed());
