import type { ServerResponse } from "node:http";

/** A stream of Server-Sent Events to one reader. */
export type EventStream = ReturnType<typeof openEventStream>;

/** Delay after which an EventSource reconnects when the stream has broken. */
const reconnectMs = 2_000;

/**
 * Opens a stream. Events wait in a backlog while the socket of the reader is full. When the backlog has more than
 * `backlogMax` events, the oldest are dropped, and an event `lagged` reports the number of dropped events.
 */
export function openEventStream(response: ServerResponse, backlogMax: number) {
  let waiting: string[] = [];
  let dropped = 0;
  let full = false;

  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // Without this header, nginx buffers the stream.
    "x-accel-buffering": "no",
  });
  response.on("drain", () => {
    full = false;
    flush();
  });
  // A lost connection needs no handling here, because the event `close` follows.
  response.on("error", () => {});
  write(`retry: ${reconnectMs}\n\n`);
  return { send, beat, end };

  function send(text: string): void {
    if (!full) {
      write(text);
      return;
    }
    waiting.push(text);
    // Drops half of the backlog at a time, because each removal moves all remaining events in memory.
    if (waiting.length > backlogMax) {
      const excess = Math.ceil(waiting.length / 2);
      waiting = waiting.slice(excess);
      dropped += excess;
    }
  }

  function flush(): void {
    if (dropped > 0) {
      const lagged = `event: lagged\ndata: ${JSON.stringify({ type: "lagged", dropped })}\n\n`;
      dropped = 0;
      write(lagged);
    }
    const ready = waiting;
    waiting = [];
    for (const text of ready) send(text);
  }

  /** Sends a comment, so that proxies do not close a silent stream and a lost connection is noticed. */
  function beat(): void {
    if (!full) write(": heartbeat\n\n");
  }

  function end(): void {
    response.end();
  }

  function write(text: string): void {
    if (!response.write(text)) full = true;
  }
}
