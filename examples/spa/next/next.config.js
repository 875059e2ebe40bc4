/* One origin for pages and accounts: what is below /accounts is Keystead's, without that prefix. */
const KEYSTEAD = process.env.KEYSTEAD_URL ?? "http://127.0.0.1:3020";

export default {
  rewrites: async () => [{ source: "/accounts/:path*", destination: `${KEYSTEAD}/:path*` }],
};
