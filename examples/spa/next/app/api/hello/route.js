/* A route handler that only those who are signed in get through to; asks Keystead about each request. */
import { whoIs } from "../../../../session.js";

const KEYSTEAD = process.env.KEYSTEAD_URL ?? "http://127.0.0.1:3020";

export async function GET(request) {
  const who = await whoIs(request, KEYSTEAD);
  if (who instanceof Response) return who;
  return Response.json({ hello: who.user, role: who.role });
}
