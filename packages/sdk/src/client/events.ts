import { LimitError, RingbackApiError, RingbackConnectionError, UnavailableError } from "./api-error.ts";
import { EventStreamReader, type StreamedEvent } from "./event-stream.ts";
import { pause, retryDelayMs } from "./pause.ts";

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
  /** Called each time when the server has accepted the connection. */
  readonly onOpen?: () => void;
  /** Called before a connection that was lost, or was not accepted, is tried again. If it throws, all ends. */
  readonly onLost?: (error: Error, delayMs: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export type OpenStream = (query: URLSearchParams, lastId: string, signal: AbortSignal) => Promise<Response>;

/** The server sends a heartbeat every 15 s. A connection that misses three is lost. */
const silenceMsMax = 45_000;

/**
 * The events from now on, or after an earlier one. When the connection is lost, it is opened again and goes on after
 * the last event with an id. Ends only by an error, by `break`, or with the signal's reason.
 */
export async function* events(open: OpenStream, options: EventOptions): AsyncGenerator<RingbackEvent, void, undefined> {
  const { topic, types = [], after, signal, onLost } = options;
  const query = new URLSearchParams();
  if (topic !== undefined) query.set("topic", topic);
  for (const type of types) query.append("type", type);
  if (after !== undefined) query.set("after", after);
  const position = { lastId: "" };
  for (let failures = 0; ; failures++) {
    let lost: Error = new RingbackConnectionError("the server closed the stream of events");
    try {
      for await (const { type, data } of oneConnection(open, query, position, options)) {
        failures = 0;
        yield eventOf(type, data);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      lost = error;
    }
    const delayMs = retryDelayMs(failures);
    onLost?.(lost, delayMs);
    await pause(delayMs, signal);
  }
}

async function* oneConnection(
  open: OpenStream,
  query: URLSearchParams,
  position: { lastId: string },
  { signal, onOpen }: EventOptions,
): AsyncGenerator<StreamedEvent, void, undefined> {
  const silence = new AbortController();
  const abort = (): void => silence.abort(new RingbackConnectionError("the stream of events has fallen silent"));
  let timer = setTimeout(abort, silenceMsMax);
  const either = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
  try {
    const response = await open(query, position.lastId, either);
    if (response.body === null || !/^text\/event-stream\b/.test(response.headers.get("content-type") ?? "")) {
      throw new RingbackApiError(response.status, null, "not a stream of events; is this a Ringback server?");
    }
    onOpen?.();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventStreamReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(abort, silenceMsMax);
      for (const event of parser.push(value)) {
        yield event;
        if (event.id !== null) position.lastId = event.id;
      }
      if (parser.lastId !== "") position.lastId = parser.lastId;
    }
  } catch (error) {
    if (error instanceof Error && error.name === "RangeError") throw error;
    throw isPassing(error) || error instanceof RingbackApiError
      ? error
      : new RingbackConnectionError("the stream of events broke off", { cause: error });
  } finally {
    clearTimeout(timer);
    // Closes the connection of a reader that stops early.
    silence.abort();
  }
}

function eventOf(type: string, data: string): RingbackEvent {
  return { type, ...(JSON.parse(data) as object) } as RingbackEvent;
}

/** True for failures that another try can overcome. */
export function isPassing(error: unknown): error is Error {
  return error instanceof RingbackConnectionError || error instanceof UnavailableError || error instanceof LimitError;
}
