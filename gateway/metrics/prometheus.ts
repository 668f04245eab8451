import type { Figures } from "./figures.ts";

type Sample = [labels: Record<string, string>, value: number];

interface Family {
  name: string;
  type: "counter" | "gauge";
  help: string;
  samples(figures: Figures): Sample[];
}

const one = (value: (figures: Figures) => number | null) => (figures: Figures): Sample[] => {
  const number = value(figures);
  return number === null ? [] : [[{}, number]];
};

/** What is told, in Prometheus' words: base units, `_total` for what only rises. */
const FAMILIES: readonly Family[] = [
  {
    name: "mbus_gateway_info",
    type: "gauge",
    help: "Always 1; which release runs.",
    samples: ({ software }) => [[{ version: software }, 1]],
  },
  {
    name: "mbus_gateway_uptime_seconds",
    type: "gauge",
    help: "Since the gateway started.",
    samples: one(({ uptimeSeconds }) => uptimeSeconds),
  },
  {
    name: "mbus_gateway_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the process.",
    samples: one(({ residentBytes }) => residentBytes),
  },
  {
    name: "mbus_gateway_clock_trusted",
    type: "gauge",
    help: "1 while the gateway's clock can be believed.",
    samples: one(({ clock }) => clock === "trusted" ? 1 : 0),
  },
  {
    name: "mbus_gateway_broker_connected",
    type: "gauge",
    help: "1 while the broker is connected.",
    samples: one(({ broker }) => broker.connected ? 1 : 0),
  },
  {
    name: "mbus_gateway_broker_connections_total",
    type: "counter",
    help: "Connections made to the broker; all but the first were reconnects.",
    samples: one(({ broker }) => broker.connections),
  },
  {
    name: "mbus_gateway_meters",
    type: "gauge",
    help: "Meters by what is known of them since the start.",
    samples: ({ meters }) => Object.entries(meters).map(([state, count]) => [{ state }, count]),
  },
  {
    name: "mbus_gateway_readouts_taken_total",
    type: "counter",
    help: "Readouts committed to the spool.",
    samples: one(({ counts }) => counts.taken),
  },
  {
    name: "mbus_gateway_readouts_held_total",
    type: "counter",
    help: "Readouts that a server confirmed and the spool let go of.",
    samples: one(({ counts }) => counts.held),
  },
  {
    name: "mbus_gateway_read_failures_total",
    type: "counter",
    help: "Attempts to read a meter that gave nothing usable, by reason.",
    samples: ({ failures }) => Object.entries(failures).map(([reason, count]) => [{ reason }, count]),
  },
  {
    name: "mbus_gateway_messages_acknowledged_total",
    type: "counter",
    help: "Messages that the broker acknowledged.",
    samples: one(({ counts }) => counts.sent),
  },
  {
    name: "mbus_gateway_spool_depth",
    type: "gauge",
    help: "Readouts that wait for a server.",
    samples: one(({ spool }) => spool.depth),
  },
  {
    name: "mbus_gateway_spool_parked",
    type: "gauge",
    help: "Readouts set aside with a reason.",
    samples: one(({ spool }) => spool.parked),
  },
  {
    name: "mbus_gateway_spool_dropped_total",
    type: "counter",
    help: "Readouts given up for want of room.",
    samples: one(({ spool }) => spool.dropped),
  },
  {
    name: "mbus_gateway_spool_salvages_total",
    type: "counter",
    help: "How often the file was found damaged, set aside and salvaged.",
    samples: one(({ spool }) => spool.salvaged),
  },
  {
    name: "mbus_gateway_spool_oldest_age_seconds",
    type: "gauge",
    help: "Age of the readout that has waited longest; absent when nothing waits.",
    samples: one(({ spool }) => spool.oldestAgeSeconds),
  },
];

/** The content type of {@linkcode prometheusText}. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The figures in Prometheus' text format 0.0.4. Every sample names the gateway. */
export function prometheusText(figures: Figures): string {
  return FAMILIES.map(({ name, type, help, samples }) => {
    const lines = samples(figures).map(([labels, value]) =>
      `${name}{${labelsText({ gateway: figures.gateway, ...labels })}} ${value}\n`
    );
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  }).join("");
}

function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(",");
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}
