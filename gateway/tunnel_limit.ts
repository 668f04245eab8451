/** The longest a tunnel stands: 30 minutes. `deploy/cloudflared` has the same number in seconds. */
export const TUNNEL_MS = 30 * 60 * 1000;
