import { EmptyState } from "./empty_state.tsx";
import { GatewayStatus } from "./gateway_status.tsx";
import { link } from "./links.ts";
import { MeterCard } from "./meter_card.tsx";
import type { Overview } from "./overview_query.ts";

interface OverviewProps {
  overview: Overview;
  demo: string;
  now: Date;
  origin: string;
  /** Whether this is a page behind the first. */
  continued: boolean;
}

/** What the page shows and the script keeps up to date: gateways, and a card for each meter. */
export function OverviewBody({ overview, demo, now, origin, continued }: OverviewProps) {
  const { gateways, quarantined, cards, next } = overview;
  return (
    <>
      {gateways.length === 0 && quarantined === 0
        ? null
        : <GatewayStatus gateways={gateways} quarantined={quarantined} now={now} />}
      {cards.length === 0 && !continued
        ? <EmptyState gateways={gateways.length} origin={origin} />
        : (
          <div class="cards">
            {cards.map((card) => <MeterCard card={card} demo={demo} now={now} />)}
          </div>
        )}
      {next === null && !continued ? null : (
        <nav class="pages" aria-label="Pages of meters">
          {continued ? <a href={link("/", demo)}>First meters</a> : null}
          {next === null ? null : <a href={link("/", demo, { after: next })}>More meters</a>}
        </nav>
      )}
    </>
  );
}
