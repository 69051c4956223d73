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

/** The Server-Sent Events streams of one source of events, one per reader. */
export function createEventStreams<E>({ subscribe, view }: EventSource<E>, config: HttpLimits) {
  const streams = new Map<EventStream, (event: E) => boolean>();
  let lastId = 0;
  let unsubscribe: (() => void) | null = null;
  let heartbeat: NodeJS.Timeout | null = null;

  return { open, close };

  /**
   * Sends the events that `wants` accepts over this response, until the reader disconnects or `close` is called. Throws
   * `too_many_streams`.
   */
  function open(response: ServerResponse, wants: (event: E) => boolean): void {
    if (streams.size >= config.eventStreamsMax) {
      throw new RingbackError("too_many_streams", `${config.eventStreamsMax} event streams are open already.`);
    }
    const stream = openEventStream(response, config.eventStreamBacklogMax);
    streams.set(stream, wants);
    response.once("close", () => leave(stream));
    unsubscribe ??= subscribe(deliver);
    heartbeat ??= setInterval(beat, config.eventHeartbeatMs).unref();
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
    const text = `id: ${++lastId}\nevent: ${shown.type}\ndata: ${JSON.stringify(shown)}\n\n`;
    for (const [stream, wants] of streams) {
      if (wants(event)) stream.send(text);
    }
  }

  function beat(): void {
    for (const stream of streams.keys()) stream.beat();
  }

  /** Ends every stream. */
  function close(): void {
    for (const stream of streams.keys()) stream.end();
  }
}
