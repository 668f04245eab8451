/** Where the demo keeps what: delete the folder to begin anew. */
export interface DemoPlaces {
  /** The server's data folder; the administrator's token is in it. */
  server: string;
  adminToken: string;
  /** The gateway's data folder. */
  gateway: string;
  gatewayToken: string;
  gatewayConfig: string;
  ledger: string;
  simulatorState: string;
  simulator: string;
}

/** The places below `data`; their folders are made. Tokens are for this user's eyes alone. */
export async function makePlaces(data: string): Promise<DemoPlaces> {
  const places = {
    server: `${data}/server`,
    adminToken: `${data}/server/admin.token`,
    gateway: `${data}/gateway`,
    gatewayToken: `${data}/gateway/token`,
    gatewayConfig: `${data}/gateway/config.yaml`,
    simulator: `${data}/simulator`,
    ledger: `${data}/simulator/ledger.ndjson`,
    simulatorState: `${data}/simulator/meters.json`,
  };
  for (const folder of [places.server, places.gateway, places.simulator]) {
    await makeFolder(folder, data);
  }
  return places;
}

async function makeFolder(folder: string, data: string) {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    throw new Deno.errors.NotCapable(
      `Cannot start demo: its rights end at ./data, so it cannot keep anything in ${data}; choose a folder in ./data, ` +
        `or widen its rights: deno run -A main.ts demo --data ${data}`,
      { cause },
    );
  }
}
