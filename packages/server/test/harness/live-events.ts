import { EventStreamReader } from "../../../sdk/src/client/event-stream.ts";

export type LiveEvent = Readonly<Record<string, unknown>>;

/** Reads live events as a program with an EventSource does. `lastId`: the id that the program has from before. */
export async function listen(url: string, query = "", lastId = "") {
  const cut = new AbortController();
  const headers = { "last-event-id": lastId };
  const response = await fetch(`${url}/v1/events${query}`, { signal: cut.signal, headers });
  const events: LiveEvent[] = [];
  const parser = new EventStreamReader();
  const reading = (async () => {
    for await (const piece of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      for (const { type, data } of parser.push(piece)) events.push({ event: type, ...(JSON.parse(data) as LiveEvent) });
    }
  })().catch(() => undefined);
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    events,
    /** The id from which the program can go on. */
    get lastId() {
      return parser.lastId;
    },
    async [Symbol.asyncDispose]() {
      cut.abort();
      await reading;
    },
  };
}
