import type { ServerResponse } from "node:http";

/** A stream of Server-Sent Events to one reader. */
export type EventStream = ReturnType<typeof openEventStream>;

/** Delay after which an EventSource reconnects when the stream has broken. */
const reconnectMs = 2_000;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // Without this header, nginx buffers the stream.
  "x-accel-buffering": "no",
};

/**
 * Opens a stream. Events wait in a backlog while the socket of the reader is full. When the backlog has more than
 * `backlogMax` events, the oldest are dropped, and an event `lagged` reports the number of dropped events. `startId`:
 * the id from which a reader without an event can go on; null: it is not known.
 */
export function openEventStream(response: ServerResponse, backlogMax: number, startId: string | null) {
  let waiting: string[] = [];
  let dropped = 0;
  let full = false;

  response.writeHead(200, headers);
  const waitingForDrain: (() => void)[] = [];
  const release = (): void => {
    for (const resolve of waitingForDrain.splice(0)) resolve();
  };
  response.on("drain", () => {
    full = false;
    flush();
    if (!full) release();
  });
  response.once("close", release);
  // A lost connection needs no handling here, because the event `close` follows.
  response.on("error", () => {});
  // An id without data is no event, but the reader remembers it.
  write(`retry: ${reconnectMs}\n${startId === null ? "" : `id: ${startId}\n`}\n`);
  return { send, lag, drained, beat, end };

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
      write(laggedText(dropped));
      dropped = 0;
    }
    const ready = waiting;
    waiting = [];
    for (const text of ready) send(text);
  }

  /** Reports to the reader how many events it does not get. */
  function lag(count: number): void {
    send(laggedText(count));
  }

  /** Resolves when the socket of the reader takes more, or when the stream has ended. */
  function drained(): Promise<void> {
    if (!full || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => waitingForDrain.push(resolve));
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

function laggedText(dropped: number): string {
  return `event: lagged\ndata: ${JSON.stringify({ type: "lagged", dropped })}\n\n`;
}
