import type { MeterRow } from "../meter_queries.ts";
import { humanValue, shownUnit } from "./human_value.ts";
import { KindIcon } from "./kind_icon.tsx";
import { link } from "./links.ts";
import { isCounter, meterKind, quantityLabel } from "./meter_kind.ts";
import { ago, Moment } from "./moment.tsx";
import type { CardData, MainValue } from "./overview_query.ts";
import { Plot, type PlotPoint } from "./plot.tsx";

/** A meter at a glance: what it is, its main values, when it was last read, and a plot. */
export function MeterCard({ card, demo, now }: { card: CardData; demo: string; now: Date }) {
  const { meter, values, plotted } = card;
  const kind = meterKind(meter.deviceType);
  const [first, ...others] = values;
  return (
    <article class={`card kind-${kind.icon}`} id={`meter-${meter.id}`} aria-labelledby={`meter-${meter.id}-name`}>
      <header>
        <KindIcon name={kind.icon} />
        <h2 id={`meter-${meter.id}-name`}>
          <a id={`meter-${meter.id}-link`} href={link(`/meters/${meter.id}`, demo)}>{kind.label}</a>
        </h2>
        <p class="who">{whoIs(meter)}</p>
      </header>
      {first === undefined ? <p class="no-plot">No values yet.</p> : <Value value={first} main />}
      <dl class="others">
        {others.map((value) => <Value value={value} />)}
      </dl>
      {plotted === null ? null : <MainPlot id={`plot-${meter.id}`} {...plotted} />}
      <p class="when">
        {meter.lastReadingAt === null ? "Never read" : (
          <>
            Read <Moment at={meter.lastReadingAt} /> ({ago(meter.lastReadingAt, now)})
          </>
        )}
      </p>
    </article>
  );
}

/** Manufacturer and number as on the dial; a meter without a header by where it hangs. */
export function whoIs({ manufacturer, identification, identity }: MeterRow): string {
  return manufacturer === null || identification === null ? identity : `${manufacturer} ${identification}`;
}

function Value({ value: { quantity, unit, value }, main = false }: { value: MainValue; main?: boolean }) {
  const human = humanValue(value, unit);
  const number = (
    <data value={value} title={`${quantityLabel(quantity)}, exactly: ${human.exact}`}>
      <span class="number">{human.number}</span> <span class="unit">{human.unit}</span>
    </data>
  );
  if (main) {
    return (
      <p class="main-value">
        <span class="label">{quantityLabel(quantity)}</span> {number}
      </p>
    );
  }
  return (
    <div>
      <dt>{quantityLabel(quantity)}</dt>
      <dd>{number}</dd>
    </div>
  );
}

function MainPlot({ id, value: { quantity, unit }, points }: { id: string; value: MainValue; points: PlotPoint[] }) {
  const shown = shownUnit(unit);
  const counter = isCounter(quantity);
  const label = counter ? `${quantityLabel(quantity)} added` : quantityLabel(quantity);
  return (
    <figure>
      <figcaption>
        {label} <span class="unit">{shown.unit}</span>
      </figcaption>
      <Plot
        id={id}
        label={label}
        unit={shown.unit}
        points={scaled(points, shown.exponent)}
        fromZero={startsAtZero(quantity)}
      />
    </figure>
  );
}

/** Points in the unit that people read. */
export function scaled(points: readonly PlotPoint[], exponent: number): PlotPoint[] {
  return points.map(({ time, value }) => ({ time, value: value * 10 ** exponent }));
}

/** Amounts and flows are judged against nothing; temperatures and voltages against each other. */
export function startsAtZero(quantity: string): boolean {
  return isCounter(quantity) || /power|flow$/.test(quantity);
}
