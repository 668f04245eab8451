import type { GatewayRow } from "../gateways.ts";
import { groupDigits } from "./human_value.ts";
import { ago, Moment } from "./moment.tsx";
import { MOST_COUNTED } from "./overview_query.ts";

/** After so long without a heartbeat a gateway is called silent. */
const SILENT_MS = 10 * 60 * 1000;
/** A clock that is wrong by more is worth a word; the way of a heartbeat takes less. */
const CLOCK_OFF_MS = 60_000;

/** The line that says how the gateways are, and whether something waits for a person. */
export function GatewayStatus(
  { gateways, quarantined, now }: { gateways: GatewayRow[]; quarantined: number; now: Date },
) {
  return (
    <section class="status" aria-label="Gateways">
      <ul>
        {gateways.map((gateway) => <Gateway gateway={gateway} now={now} />)}
        {quarantined === 0 ? null : (
          <li class="warn">
            <strong>{quarantined >= MOST_COUNTED ? `${MOST_COUNTED} or more` : quarantined}</strong>
            {" in quarantine: see /api/v1/quarantine"}
          </li>
        )}
      </ul>
    </section>
  );
}

function Gateway({ gateway: row, now }: { gateway: GatewayRow; now: Date }) {
  const { gateway, lastHeartbeatAt, heartbeat, spoolDepth, clockOffsetMs, missing, missingSince } = row;
  if (lastHeartbeatAt === null) {
    return (
      <li class="warn">
        <strong>{gateway}</strong> not heard yet
      </li>
    );
  }
  const state = stateOf(heartbeat?.status, now.getTime() - lastHeartbeatAt.getTime());
  const depth = spoolDepth === null ? "?" : groupDigits(String(spoolDepth));
  const clockIsOff = clockOffsetMs !== null && Math.abs(clockOffsetMs) > CLOCK_OFF_MS;
  const good = (state === "online" || state === "sent") && !clockIsOff;
  return (
    <li class={good ? "good" : "warn"}>
      <strong>{gateway}</strong> {state === "sent" ? "has sent" : state}, heartbeat {ago(lastHeartbeatAt, now)}{" "}
      (<Moment at={lastHeartbeatAt} style="seconds" />), {depth} waiting in its spool
      {missingSince === null ? null : (
        <>
          {`, ${groupDigits(String(missing))} numbers missing since `}
          <Moment at={missingSince} style="seconds" />
        </>
      )}
      {clockIsOff ? `, its clock is off by ${Math.round((clockOffsetMs ?? 0) / 1000)} s` : null}
    </li>
  );
}

/** What a heartbeat said holds for as long as heartbeats come; a daily sender is heard once a day. */
function stateOf(status: unknown, ageMs: number): "online" | "sent" | "stopped" | "silent" {
  if (status === "stopping") return "stopped";
  if (status === "sent") return ageMs > 3 * 24 * 60 * 60 * 1000 ? "silent" : "sent";
  return ageMs > SILENT_MS ? "silent" : "online";
}
