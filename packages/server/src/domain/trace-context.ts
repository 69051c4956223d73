import { limits } from "./limits.ts";

/**
 * The trace to which a message belongs, as HTTP headers carry it: https://www.w3.org/TR/trace-context/. Both texts are
 * valid.
 */
export interface TraceContext {
  /** Version 00, trace id, id of the parent span, and flags. */
  readonly traceparent: string;
  /** Notes of tracing systems, each under its own key. */
  readonly tracestate: string | null;
}

/** No version is ff, and no id consists of zeros. Versions after 00 may have further fields. */
const traceparentForm = /^(?!ff)[\da-f]{2}-((?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16})-([\da-f]{2})(-.*)?$/;
/** The flags of version 00 that have a meaning: the trace is sampled, and the trace id is random. */
const KNOWN_FLAGS = 0x03;
const SAMPLED = 0x01;

/** When a `tracestate` is too long, longer members are left out first. */
const LONG_MEMBER_CHARS = 128;
const memberForm = /^[\da-z][\d_a-z\-*/]{0,255}(?:@[a-z][\d_a-z\-*/]{0,13})?=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads the headers of a request. The specification ignores an invalid `traceparent`, and then `tracestate` too. */
export function traceOfHeaders({ traceparent, tracestate }: Headers): TraceContext | null {
  if (traceparent === undefined) return null;
  return readTrace(String(traceparent), tracestate === undefined ? undefined : String(tracestate));
}

/** Returns null if `traceparent` is not valid. An invalid `tracestate` is left out. */
export function readTrace(traceparent: string, tracestate?: string): TraceContext | null {
  if (traceparent.length > limits.traceparentCharsMax) return null;
  const [, ids, flags = "", more] = traceparentForm.exec(traceparent) ?? [];
  if (ids === undefined) return null;
  const state = tracestate === undefined ? null : readTraceState(tracestate);
  if (!traceparent.startsWith("00")) {
    const known = (Number.parseInt(flags, 16) & KNOWN_FLAGS).toString(16).padStart(2, "0");
    return { traceparent: `00-${ids}-${known}`, tracestate: state };
  }
  return more === undefined ? { traceparent, tracestate: state } : null;
}

/** If the text is too long, members of more than 128 characters are left out first, and then the last members. */
function readTraceState(text: string): string | null {
  if (text.length > limits.traceStateReadCharsMax) return null;
  const members = text.split(",").flatMap((member) => member.trim() || []);
  if (members.length > limits.traceStateMembersMax || !members.every((member) => memberForm.test(member))) return null;
  const isTooLong = () => members.join().length > limits.traceStateCharsMax;
  for (let index = members.length - 1; index >= 0 && isTooLong(); index--) {
    if ((members[index] ?? "").length > LONG_MEMBER_CHARS) members.splice(index, 1);
  }
  while (isTooLong()) members.pop();
  return members.join() || null;
}

/** A tracing system records the spans of a sampled trace. */
export function isSampled({ traceparent }: TraceContext): boolean {
  return (Number.parseInt(traceparent.slice(-2), 16) & SAMPLED) !== 0;
}

/** Returns the context for what is caused by the span with this id. */
export function withParent({ traceparent, tracestate }: TraceContext, spanId: string): TraceContext {
  return { traceparent: `${traceparent.slice(0, 36)}${spanId}${traceparent.slice(52)}`, tracestate };
}

/** Gives each message without a trace of its own the trace of its request. */
export function withTrace<Traced extends { readonly trace?: TraceContext | null }>(
  messages: readonly Traced[],
  trace: TraceContext | null,
): readonly Traced[] {
  return trace === null ? messages : messages.map((message) => ({ ...message, trace: message.trace ?? trace }));
}

const noHeaders: readonly string[] = [];

/** Name, value, name, value … */
export function traceHeaders(trace: TraceContext | null): readonly string[] {
  if (trace === null) return noHeaders;
  const { traceparent, tracestate } = trace;
  return tracestate === null ? ["traceparent", traceparent] : ["traceparent", traceparent, "tracestate", tracestate];
}
