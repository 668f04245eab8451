/** Whether a host, with or without a port, is a name of this machine's own loopback. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/.test(host);
}
