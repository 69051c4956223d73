import type { ServerResponse } from "node:http";

/** One reader of Server-Sent Events. */
export interface EventStream {
  send(text: string): void;
  /** A comment that keeps proxies from closing a silent stream, and finds out whether the reader is still there. */
  beat(): void;
  end(): void;
}

/** How soon an EventSource should come back when the stream breaks. */
const reconnectMs = 2_000;

/**
 * A reader that does not keep up costs a bounded backlog: while its socket is full, events wait here, past `backlogMax`
 * the oldest are dropped, and the reader learns how many (`lagged`) before it gets the rest.
 */
export function openEventStream(response: ServerResponse, backlogMax: number): EventStream {
  let waiting: string[] = [];
  let dropped = 0;
  let full = false;

  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // Reverse proxies of the nginx family would otherwise collect the stream before passing it on.
    "x-accel-buffering": "no",
  });
  response.on("drain", () => {
    full = false;
    flush();
  });
  // A reader that breaks off is ordinary; `close` follows and the hub forgets it.
  response.on("error", () => {});
  write(`retry: ${reconnectMs}\n\n`);
  return { send, beat, end };

  function send(text: string): void {
    if (!full) {
      write(text);
      return;
    }
    waiting.push(text);
    // Dropped in halves: shifting a full backlog for every event would move it whole each time.
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

  function beat(): void {
    if (!full) write(": still here\n\n");
  }

  function end(): void {
    response.end();
  }

  function write(text: string): void {
    if (!response.write(text)) full = true;
  }
}
