import * as v from "valibot";
import { askGateway } from "../control/control_client.ts";
import { controlSocketPath } from "../control/control_path.ts";

const Status = v.object({
  connected: v.boolean(),
  meters: v.array(v.object({
    bus: v.string(),
    address: v.string(),
    state: v.picklist(["online", "offline"]),
    since: v.string(),
    lastReadAt: v.nullable(v.string()),
  })),
});

/** What the gateway that runs here says of itself, as far as it is looked at. */
export type RunningStatus = v.InferOutput<typeof Status>;

/** @returns null where no gateway runs with this data folder. */
export async function runningStatus(dataFolder: string, signal: AbortSignal): Promise<RunningStatus | null> {
  const answer = await askGateway(controlSocketPath(dataFolder), { verb: "status", params: {}, signal });
  return answer === null ? null : v.parse(Status, answer.result);
}
