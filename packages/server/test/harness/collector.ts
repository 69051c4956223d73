import { type Arrival, type Behaviour, startReceiver } from "./receiver.ts";
import { until } from "./until.ts";

/** A span, decoded from OTLP's JSON. The ids are in hexadecimal. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly statusMessage: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Arrival[];
  spans(): readonly ReceivedSpan[];
  /** Waits until there are as many spans of a trace. Returns them in the order of their start. */
  ofTrace(traceId: string, count: number): Promise<readonly ReceivedSpan[]>;
}

/** A receiver of OTLP over HTTP, which decodes the requests that it gets. */
export async function startCollector(behave: Behaviour = acceptSpans): Promise<Collector> {
  const receiver = await startReceiver(behave);
  const spans = () => receiver.arrivals.flatMap(({ text }) => spansOf(text));
  return {
    url: receiver.url,
    requests: receiver.arrivals,
    spans,
    async ofTrace(traceId, count) {
      const found = () => spans().filter((span) => span.traceId === traceId);
      const all = await until(`${count} spans of the trace arrived`, found, ({ length }) => length >= count);
      return all.toSorted((one, other) => one.startMs - other.startMs);
    },
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

const acceptSpans: Behaviour = (_arrival, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
};

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[];

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: OtlpAttributes;
  readonly status: { readonly code?: number; readonly message?: string };
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const kinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;
const ERROR = 2;

/** Decodes https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. */
export function spansOf(text: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(text) as OtlpRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, valuesOf(resource.attributes)))),
  );
}

function toSpan(span: OtlpSpan, resource: Readonly<Record<string, unknown>>): ReceivedSpan {
  const { traceId, spanId, parentSpanId = "", traceState = "", name, status } = span;
  return {
    traceId,
    spanId,
    parentSpanId,
    traceState,
    name,
    kind: kinds[span.kind] ?? "internal",
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(span.attributes),
    isError: status.code === ERROR,
    statusMessage: status.message ?? "",
    resource,
  };
}

function valuesOf(attributes: OtlpAttributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf({ stringValue, intValue, doubleValue, boolValue }: OtlpValue): unknown {
  return stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue));
}
