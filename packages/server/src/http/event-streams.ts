import type { ServerResponse } from "node:http";
import { RingbackError } from "../domain/errors.ts";
import { openEventStream, type EventStream } from "./event-stream.ts";
import type { HttpLimits } from "./http-limits.ts";

export interface EventSource<E> {
  /** Starts a subscription and returns the function that ends it. Subscribed only while a reader is connected. */
  readonly subscribe: (deliver: (event: E) => void) => () => void;
  /** Converts an event to the data that readers get. */
  readonly view: (event: E) => { readonly type: string };
}

interface Reader<E> {
  readonly owner: unknown;
  readonly wants: (event: E) => boolean;
}

/** The stream of one reader. */
export interface OpenStream extends Pick<EventStream, "lag" | "drained" | "end"> {
  /** Sends an event from another source, with an id from which the reader can go on. */
  readonly send: (event: { readonly id: string; readonly type: string; readonly text: string }) => void;
}

/** The Server-Sent Events streams of one source of events, one per reader. */
export function createEventStreams<E>({ subscribe, view }: EventSource<E>, config: HttpLimits) {
  const streams = new Map<EventStream, Reader<E>>();
  let unsubscribe: (() => void) | null = null;
  let heartbeat: NodeJS.Timeout | null = null;
  let isClosed = false;

  return { open, close, closeOf };

  /**
   * Sends the events that `wants` accepts over this response, until the reader disconnects or `close` is called. One
   * owner can have at most three quarters of the streams. Throws `too_many_streams`.
   */
  function open(
    response: ServerResponse,
    owner: unknown,
    startId: string | null,
    wants: (event: E) => boolean,
  ): OpenStream {
    if (isClosed) throw new RingbackError("shutting_down");
    assertRoom(config.eventStreamsMax, owner, [...streams.values()]);
    const stream = openEventStream(response, config.eventStreamBacklogMax, startId);
    streams.set(stream, { owner, wants });
    response.once("close", () => leave(stream));
    unsubscribe ??= subscribe(deliver);
    heartbeat ??= setInterval(() => streams.forEach((_, stream) => stream.beat()), config.eventHeartbeatMs).unref();
    return {
      send: ({ id, type, text }) => stream.send(`id: ${id}\nevent: ${type}\ndata: ${text}\n\n`),
      lag: stream.lag,
      drained: stream.drained,
      end: () => end(stream),
    };
  }

  function leave(stream: EventStream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    unsubscribe?.();
    unsubscribe = null;
    if (heartbeat !== null) clearInterval(heartbeat);
    heartbeat = null;
  }

  function deliver(event: E): void {
    const shown = view(event);
    // The text is made once for all readers.
    const text = `event: ${shown.type}\ndata: ${JSON.stringify(shown)}\n\n`;
    for (const [stream, reader] of streams) {
      if (reader.wants(event)) stream.send(text);
    }
  }

  /** The reader gets no further events, even if it is slow to end its connection. */
  function end(stream: EventStream): void {
    leave(stream);
    stream.end();
  }

  /** Ends the streams of one owner. */
  function closeOf(owner: unknown): void {
    for (const [stream, reader] of streams) if (reader.owner === owner) stream.end();
  }

  /** Ends every stream, and refuses further ones. */
  function close(): void {
    isClosed = true;
    for (const stream of streams.keys()) stream.end();
  }
}

function assertRoom(streamsMax: number, owner: unknown, readers: readonly { readonly owner: unknown }[]): void {
  const ofOwner = readers.filter((reader) => reader.owner === owner).length;
  if (readers.length >= streamsMax || ofOwner >= Math.ceil(streamsMax * 0.75)) {
    throw new RingbackError("too_many_streams");
  }
}
