/** The little of an OpenTelemetry span that is used here. */
export interface Span {
  setAttribute(name: string, value: string | number): void;
  recordException(error: unknown): void;
  end(): void;
}

/** Where the steps from a message to its commit are recorded. */
export interface Trace {
  /** Begins the span of a message that came; null where nothing is recorded. */
  message(attributes: Record<string, string | number>): Span | null;
  /** Runs the work within a span, whose children are the spans that the work begins; `links` are the messages of it. */
  step<T>(name: string, work: () => Promise<T>, links?: readonly (Span | null)[]): Promise<T>;
}

/** Records nothing, and costs nothing. */
export const NO_TRACE: Trace = { message: () => null, step: (_name, work) => work() };

interface Tracer {
  startSpan(name: string, options: SpanOptions): RecordingSpan;
  startActiveSpan<T>(name: string, options: SpanOptions, work: (span: RecordingSpan) => T): T;
}

interface SpanOptions {
  kind?: number;
  attributes?: Record<string, string | number>;
  links?: { context: unknown }[];
}

interface RecordingSpan extends Span {
  spanContext(): unknown;
  setStatus(status: { code: number; message: string }): void;
}

/** SpanKind CONSUMER and SpanStatusCode ERROR of OpenTelemetry's API. */
const [CONSUMER, ERROR] = [4, 2];

/** Records with Deno's built-in OpenTelemetry, which sends to OTEL_EXPORTER_OTLP_ENDPOINT; only where OTEL_DENO=true. */
export function openTelemetry(version: string): Trace {
  const tracer: Tracer = Deno.telemetry.tracerProvider.getTracer("mbus-server", version);
  return {
    message: (attributes) => tracer.startSpan("message", { kind: CONSUMER, attributes }),
    step(name, work, spans = []) {
      const links = spans.flatMap((span) => span === null ? [] : [{ context: (span as RecordingSpan).spanContext() }]);
      return tracer.startActiveSpan(name, { links }, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.recordException(error);
          span.setStatus({ code: ERROR, message: String(error) });
          throw error;
        } finally {
          span.end();
        }
      });
    },
  };
}
