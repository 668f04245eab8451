import { timeTicks, type ValueAxis, valueAxis } from "./axis.ts";
import { utcText } from "./moment.tsx";

/** A value of a plot; the pixels are what is left of its exactness. */
export interface PlotPoint {
  time: Date;
  value: number;
}

export interface PlotProps {
  /** Makes the ids of title and description unique on the page. */
  id: string;
  /** In the order of time. */
  points: readonly PlotPoint[];
  /** What is plotted, such as "Power". */
  label: string;
  unit: string;
  /** Whether the axis begins at zero even where no value does. */
  fromZero: boolean;
  /** What is said in the place of a plot without points. */
  empty?: string;
  width?: number;
  height?: number;
}

const MARGIN = { top: 10, right: 12, bottom: 22, left: 46 };

/** A line over time as SVG, with axes, labels, and a title and description for who does not see it. */
export function Plot(props: PlotProps) {
  const { id, points, label, unit, fromZero, width = 420, height = 150 } = props;
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return <p class="no-plot">{props.empty ?? "No readings yet."}</p>;
  const axis = valueAxis(points.map(({ value }) => value), fromZero);
  // One point lies in the middle of a minute; a line needs some length.
  const room = last.time.getTime() === first.time.getTime() ? 30_000 : 0;
  const from = first.time.getTime() - room;
  const to = last.time.getTime() + room;
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const x = (time: number) => round(MARGIN.left + (time - from) / (to - from) * inner.width);
  const y = (value: number) => round(MARGIN.top + (axis.high - value) / (axis.high - axis.low) * inner.height);
  const base = y(Math.max(axis.low, Math.min(axis.high, 0)));
  const stretches = withoutGaps(points).map((stretch) =>
    stretch.map(({ time, value }) => `${x(time.getTime())} ${y(value)}`)
  );
  const line = stretches.map((stretch) => `M${stretch.join("L")}`).join("");
  const area = stretches.map((stretch) => {
    return `M${stretch[0]?.split(" ")[0]} ${base}L${stretch.join("L")}L${stretch.at(-1)?.split(" ")[0]} ${base}Z`;
  }).join("");
  const { times, style } = timeTicks(from, to);
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-labelledby={`${id}-title ${id}-desc`}
      data-points={points.length}
    >
      <title id={`${id}-title`}>{`${label} in ${unit || "units"}`}</title>
      <desc id={`${id}-desc`}>{describe(points, first, last, unit)}</desc>
      <g class="grid">
        {axis.ticks.map(({ value }) => <path d={`M${MARGIN.left} ${y(value)}H${width - MARGIN.right}`} />)}
      </g>
      <path class="area" d={area} />
      <path class="line" d={line} />
      <circle class="last" cx={x(last.time.getTime())} cy={y(last.value)} r="3" />
      <g class="ticks">
        <YLabels axis={axis} y={y} />
        {times.map((time) => (
          <text
            x={x(time)}
            y={height - 6}
            text-anchor={anchor(x(time), width)}
            data-time={new Date(time).toISOString()}
            data-style={style}
          >
            {utcText(new Date(time), style)}
          </text>
        ))}
      </g>
    </svg>
  );
}

function YLabels({ axis, y }: { axis: ValueAxis; y: (value: number) => number }) {
  return (
    <>
      {axis.ticks.map(({ value, label }) => (
        <text x={MARGIN.left - 6} y={y(value)} dy="0.32em" text-anchor="end">{label}</text>
      ))}
    </>
  );
}

/** Keeps the first and the last label within the picture. */
function anchor(x: number, width: number): "start" | "middle" | "end" {
  return x > width - 34 ? "end" : x < MARGIN.left + 8 ? "start" : "middle";
}

/** A line over a time without readings would claim what nobody read: it is broken there. */
function withoutGaps(points: readonly PlotPoint[]): PlotPoint[][] {
  const steps = points.slice(1).map(({ time }, index) => time.getTime() - (points[index]?.time.getTime() ?? 0));
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  const stretches: PlotPoint[][] = [];
  points.forEach((point, index) => {
    const stretch = stretches.at(-1);
    if (stretch === undefined || (steps[index - 1] ?? 0) > 6 * usual) stretches.push([point]);
    else stretch.push(point);
  });
  return stretches;
}

function describe(points: readonly PlotPoint[], first: PlotPoint, last: PlotPoint, unit: string): string {
  const values = points.map(({ value }) => value);
  const text = (value: number) => `${Number(value.toPrecision(6))} ${unit}`.trim();
  return `${points.length} readings from ${utcText(first.time, "full")} to ${utcText(last.time, "full")}; ` +
    `lowest ${text(Math.min(...values))}, highest ${text(Math.max(...values))}, last ${text(last.value)}.`;
}

/** A tenth of a pixel is enough. */
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
