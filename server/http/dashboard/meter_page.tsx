import type { LatestRow } from "../meter_queries.ts";
import { humanValue, shownUnit } from "./human_value.ts";
import { KindIcon } from "./kind_icon.tsx";
import { link } from "./links.ts";
import { scaled, startsAtZero, whoIs } from "./meter_card.tsx";
import { type IconName, isCounter, meterKind } from "./meter_kind.ts";
import { type MeterPageData, PERIODS } from "./meter_page_query.ts";
import { Moment } from "./moment.tsx";
import { Plot } from "./plot.tsx";
import { attributeLabel, seriesLabel } from "./series_label.ts";

/** The part of a meter's page that stays while the rest is kept up to date: its name, and what to plot. */
export function MeterHead({ data, demo }: { data: MeterPageData; demo: string }) {
  const { meter, series, selected, period } = data;
  const kind = meterKind(meter.deviceType);
  return (
    <>
      <nav class="pages" aria-label="Back">
        <a href={link("/", demo)}>All meters</a>
      </nav>
      <div class={`meter-head kind-${kind.icon}`}>
        <KindIcon name={kind.icon} />
        <h1>{kind.label}</h1>
        <p class="who">{whoIs(meter)}</p>
      </div>
      <p class="identity">
        Version {meter.version ?? "unknown"}, device type {meter.deviceTypeCode ?? "unknown"}, known as{" "}
        <code>{meter.identity}</code>, first seen <Moment at={meter.firstSeenAt} />
      </p>
      {series.length === 0 ? null : (
        <form method="get" action={`/meters/${meter.id}`} class="choice">
          {demo === "" ? null : <input type="hidden" name="demo" value={demo} />}
          <label>
            Plot{" "}
            <select name="series">
              {series.map((one) => <option value={one.id} selected={one.id === selected?.id}>{seriesLabel(one)}
              </option>)}
            </select>
          </label>
          <label>
            over{" "}
            <select name="period">
              {PERIODS.map(([name, label]) => <option value={name} selected={name === period}>{label}</option>)}
            </select>
          </label>
          <button type="submit">Show</button>
        </form>
      )}
    </>
  );
}

/** The part that follows the readings: the plot, every series, and what the meter says of itself. */
export function MeterBody({ data }: { data: MeterPageData }) {
  const { meter, series, attributes, selected, points } = data;
  return (
    <>
      {selected === null
        ? <p class="no-plot">No values yet.</p>
        : <SeriesPlot series={selected} points={points} icon={meterKind(meter.deviceType).icon} />}
      <div class="scroll" id="series-scroll" tabindex={0} role="region" aria-label="Values">
        <table id={`meter-${meter.id}-series`}>
          <caption>Latest values</caption>
          <thead>
            <tr>
              <th scope="col">Series</th>
              <th scope="col" class="right">Value</th>
              <th scope="col" class="right">Exactly</th>
              <th scope="col">Read</th>
            </tr>
          </thead>
          <tbody>{series.map((one) => <SeriesLine series={one} />)}</tbody>
        </table>
      </div>
      {attributes.length === 0
        ? null
        : (
          <div class="scroll" id="attributes-scroll" tabindex={0} role="region" aria-label="Texts and dates">
            <table id={`meter-${meter.id}-attributes`}>
              <caption>What the meter states</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Value</th>
                  <th scope="col">Since</th>
                </tr>
              </thead>
              <tbody>
                {attributes.map(({ key, value, time }) => (
                  <tr>
                    <th scope="row" title={key}>{attributeLabel(key)}</th>
                    <td>{value}</td>
                    <td>
                      <Moment at={time} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </>
  );
}

function SeriesPlot({ series, points, icon }: { series: LatestRow; points: MeterPageData["points"]; icon: IconName }) {
  const { unit, exponent } = shownUnit(series.unit);
  const label = isCounter(series.quantity) ? `${seriesLabel(series)}, added` : seriesLabel(series);
  return (
    <figure class={`wide kind-${icon}`}>
      <figcaption>
        {label} <span class="unit">{unit}</span>
      </figcaption>
      <Plot
        id="plot"
        label={label}
        unit={unit}
        points={scaled(points, exponent)}
        fromZero={startsAtZero(series.quantity)}
        width={900}
        height={260}
        empty="No readings in this period; choose a longer one."
      />
    </figure>
  );
}

function SeriesLine({ series }: { series: LatestRow }) {
  const { latest, unit } = series;
  const human = latest === null ? null : humanValue(latest.value, unit);
  return (
    <tr>
      <th scope="row">{seriesLabel(series)}</th>
      <td class="right">
        {human === null ? "none" : (
          <>
            <span class="number">{human.number}</span> <span class="unit">{human.unit}</span>
          </>
        )}
      </td>
      <td class="right exact">{human?.exact ?? ""}</td>
      <td>{latest === null ? "" : <Moment at={latest.time} />}</td>
    </tr>
  );
}
