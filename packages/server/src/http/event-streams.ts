import type { ServerResponse } from "node:http";
import { RingbackError } from "../domain/errors.ts";
import { openEventStream, type EventStream } from "./event-stream.ts";
import type { HttpLimits } from "./http-limits.ts";

export interface EventSource<E> {
  /** Returns the function that ends the subscription. Called only while there is a reader. */
  readonly subscribe: (deliver: (event: E) => void) => () => void;
  /** The data that readers get. */
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
   * Sends the wanted events as this response, until the reader leaves or `close` is called. Throws `too_many_streams`.
   */
  function open(response: ServerResponse, wants: (event: E) => boolean): void {
    if (streams.size >= config.eventStreamsMax) {
      throw new RingbackError("too_many_streams", `${config.eventStreamsMax} event streams are open already.`);
    }
    const stream = openEventStream(response, config.eventStreamBacklogMax);
    streams.set(stream, wants);
    response.once("close", () => {
      leave(stream);
    });
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
    // One text for all readers.
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
