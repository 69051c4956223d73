import type { ServerResponse } from "node:http";
import { RingbackError } from "../domain/errors.ts";
import type { EventBus } from "../engine/event-bus.ts";
import type { LiveEvent } from "../engine/live-events.ts";
import type { HttpLimits } from "../http/http-limits.ts";
import { openEventStream } from "../http/event-stream.ts";
import type { EventStream } from "../http/event-stream.ts";
import { timeText } from "../shapes/time-text.ts";

export interface EventFilter {
  readonly topic: string | null;
  /** Empty: every type. */
  readonly types: readonly string[];
}

export interface EventHub {
  /** Takes the response over until the reader leaves or the hub closes. Throws `too_many_streams`. */
  open(response: ServerResponse, filter: EventFilter): void;
  /** Ends every stream. */
  close(): void;
}

/** Hands live events to the readers of /v1/events. It listens to the engine only while somebody reads. */
export function createEventHub(events: EventBus, config: HttpLimits): EventHub {
  const streams = new Map<EventStream, EventFilter>();
  let lastId = 0;
  let stopListening: (() => void) | null = null;
  let heartbeat: NodeJS.Timeout | null = null;

  return { open, close };

  function open(response: ServerResponse, filter: EventFilter): void {
    if (streams.size >= config.eventStreamsMax) {
      throw new RingbackError("too_many_streams", `${config.eventStreamsMax} event streams are open already.`);
    }
    const stream = openEventStream(response, config.eventStreamBacklogMax);
    streams.set(stream, filter);
    response.once("close", () => {
      leave(stream);
    });
    stopListening ??= events.subscribe(deliver);
    heartbeat ??= setInterval(beat, config.eventHeartbeatMs).unref();
  }

  function leave(stream: EventStream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    stopListening?.();
    stopListening = null;
    if (heartbeat !== null) clearInterval(heartbeat);
    heartbeat = null;
  }

  function deliver(event: LiveEvent): void {
    // Written once, however many readers there are: they all hold the same text.
    const text = `id: ${++lastId}\nevent: ${event.type}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
    for (const [stream, filter] of streams) {
      if (wants(filter, event)) stream.send(text);
    }
  }

  function beat(): void {
    for (const stream of streams.keys()) stream.beat();
  }

  function close(): void {
    for (const stream of streams.keys()) stream.end();
  }
}

function wants(filter: EventFilter, event: LiveEvent): boolean {
  const topic = "topic" in event ? event.topic : null;
  return (filter.topic ?? topic) === topic && (filter.types.length === 0 || filter.types.includes(event.type));
}

/** Times as text, as everywhere in the API. */
function eventView(event: LiveEvent): object {
  const view = { ...event, at: timeText(event.at) };
  if (event.type !== "delivery.attempted") return view;
  return { ...view, nextAttemptAt: event.nextAttemptAt === null ? null : timeText(event.nextAttemptAt) };
}
