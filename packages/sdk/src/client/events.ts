import { RingbackApiError, RingbackConnectionError } from "./api-error.ts";
import { EventStreamReader, type StreamedEvent } from "./event-stream.ts";
import { delayAfter, isPassing, type OnRetry } from "./outage.ts";
import { pause } from "./pause.ts";

/** An event of Ringback, as docs/guide/events.md lists them. */
export interface RingbackEvent {
  readonly type: string;
  /** When it happened. */
  readonly at: string;
  /** Members of the event's type. */
  readonly [member: string]: unknown;
}

export interface EventOptions {
  /** Only the events of this topic. */
  readonly topic?: string;
  /** Only events of these types. */
  readonly types?: readonly string[];
  /** The id of an event, to get first the stored events after it. `0`: all that are still kept. */
  readonly after?: string;
  /** Called when the server has accepted the request: at the beginning, and after each lost connection. */
  readonly onOpen?: () => void;
  readonly signal?: AbortSignal | undefined;
}

export type OpenStream = (query: URLSearchParams, lastId: string, signal: AbortSignal) => Promise<Response>;

/** The server sends a heartbeat every 15 s. A connection that misses three is lost. */
const silenceMsMax = 45_000;

/**
 * The events from now on, or after an earlier one. When the connection is lost, it is opened again and goes on after
 * the last event with an id. Ends only by an error, by `break`, or with the signal's reason.
 */
export async function* events(
  open: OpenStream,
  options: EventOptions,
  onRetry?: OnRetry,
): AsyncGenerator<RingbackEvent, void, undefined> {
  const { topic, types = [], after, onOpen, signal } = options;
  const query = new URLSearchParams();
  if (topic !== undefined) query.set("topic", topic);
  for (const type of types) query.append("type", type);
  if (after !== undefined) query.set("after", after);
  const position = { lastId: "" };
  let failures = 0;
  const opened = (): void => {
    failures = 0;
    onOpen?.();
  };
  for (; ; failures++) {
    let reason: Error = new RingbackConnectionError("the server closed the stream of events");
    try {
      for await (const { type, data } of oneConnection(open, query, position, signal, opened))
        yield eventOf(type, data);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      reason = error;
    }
    const delayMs = delayAfter(reason, failures);
    onRetry?.(reason, delayMs);
    await pause(delayMs, signal);
  }
}

async function* oneConnection(
  open: OpenStream,
  query: URLSearchParams,
  position: { lastId: string },
  signal: AbortSignal | undefined,
  opened: () => void,
): AsyncGenerator<StreamedEvent, void, undefined> {
  const silence = new AbortController();
  const abort = (): void => silence.abort(new RingbackConnectionError("the stream of events has fallen silent"));
  let timer = setTimeout(abort, silenceMsMax);
  const either = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
  try {
    const response = await open(query, position.lastId, either);
    const isStream = /^text\/event-stream\b/.test(response.headers.get("content-type") ?? "");
    if (response.body === null || !isStream) {
      throw new RingbackApiError(response.status, null, "not a stream of events; is this a Ringback server?");
    }
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventStreamReader();
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw cause instanceof RingbackConnectionError ? cause : brokenOff(cause);
      });
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(abort, silenceMsMax);
      for (const event of parser.push(value)) {
        yield event;
        if (event.id !== null) position.lastId = event.id;
      }
      if (parser.lastId !== "") position.lastId = parser.lastId;
    }
  } finally {
    clearTimeout(timer);
    // Closes the connection of a reader that stops early.
    silence.abort();
  }
}

function brokenOff(cause: unknown): RingbackConnectionError {
  return new RingbackConnectionError("the stream of events broke off", { cause });
}

function eventOf(type: string, data: string): RingbackEvent {
  return { type, ...(JSON.parse(data) as object) } as RingbackEvent;
}
