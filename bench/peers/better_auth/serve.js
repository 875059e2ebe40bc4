// node serve.js PORT [MODE]: the handler on Node's own server, as in
// https://better-auth.com/docs/integrations/express and /node; no framework's cost is added.

import { toNodeHandler } from "better-auth/node";
import { createServer } from "node:http";
import { migrate, open } from "./auth.js";

const [port, mode] = process.argv.slice(2);
const opened = open(process.cwd(), mode);
await migrate(opened.options);
createServer(toNodeHandler(opened.auth)).listen(Number(port), "127.0.0.1");
