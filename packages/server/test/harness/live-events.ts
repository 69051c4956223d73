import { EventStreamParser } from "../../src/cli/event-stream.ts";

export type LiveEvent = Readonly<Record<string, unknown>>;

/** Reads live events as a program with an EventSource does. */
export async function listen(url: string, query = "") {
  const cut = new AbortController();
  const response = await fetch(`${url}/v1/events${query}`, { signal: cut.signal });
  const events: LiveEvent[] = [];
  const parser = new EventStreamParser();
  const reading = (async () => {
    for await (const piece of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      for (const { type, data } of parser.push(piece)) events.push({ event: type, ...(JSON.parse(data) as LiveEvent) });
    }
  })().catch(() => undefined);
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    events,
    async [Symbol.asyncDispose]() {
      cut.abort();
      await reading;
    },
  };
}
