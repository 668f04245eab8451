/** The release of gateway, server and contract; `User-Agent` and heartbeats carry it. */
export const VERSION = "0.1.0";
