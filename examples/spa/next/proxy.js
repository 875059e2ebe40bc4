/* For all route handlers below /api at once; named middleware.js, and the function middleware, before Next.js 16. */
import { whoIs } from "../session.js";

const KEYSTEAD = process.env.KEYSTEAD_URL ?? "http://127.0.0.1:3020";

export async function proxy(request) {
  const who = await whoIs(request, KEYSTEAD);
  if (who instanceof Response) return who;
}

export const config = { matcher: "/api/:path*" };
