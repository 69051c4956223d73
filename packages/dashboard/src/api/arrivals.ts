import { useEffect, useState } from "react";
import { client } from "./session.ts";

/** One message as it was taken from an inbox, with the request that brought it. */
export interface Arrival {
  readonly id: string;
  readonly takenAt: string;
  readonly contentType: string | null;
  /** Headers of the sender's request, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string | null;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Arrivals {
  /** The newest first, at most `arrivalsMax`. */
  readonly items: readonly Arrival[];
  readonly error: unknown;
}

const arrivalsMax = 50;
const waitMs = 20_000;
const pauseAfterErrorMs = 2_000;

/** Takes the messages of an inbox while `inbox` is not null, and keeps the last ones in memory. */
export function useArrivals(inbox: string | null): Arrivals {
  const [arrivals, setArrivals] = useState<Arrivals>({ items: [], error: null });
  useEffect(() => {
    if (inbox === null) return undefined;
    const stop = new AbortController();
    const add = (arrival: Arrival): void =>
      setArrivals(({ items }) => ({ items: [arrival, ...items].slice(0, arrivalsMax), error: null }));
    const fail = (error: unknown): void => setArrivals(({ items }) => ({ items, error }));
    void takeAll(inbox, stop.signal, add, fail);
    return () => stop.abort();
  }, [inbox]);
  return arrivals;
}

async function takeAll(
  inbox: string,
  signal: AbortSignal,
  add: (arrival: Arrival) => void,
  fail: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const arrival = await take(inbox, signal);
      if (arrival !== null) add(arrival);
    } catch (error) {
      if (signal.aborted) return;
      fail(error);
      await new Promise((resolve) => setTimeout(resolve, pauseAfterErrorMs));
    }
  }
}

/** Takes the oldest message, and waits for one; null: none came. */
async function take(inbox: string, signal: AbortSignal): Promise<Arrival | null> {
  let head: Headers | undefined;
  // The headers of the answer have the headers of the request that brought the message.
  const init = { params: { path: { inbox }, query: { waitMs } }, parseAs: "arrayBuffer", signal } as const;
  const body: unknown = await client({ onResponse: ({ headers }) => (head = headers) }).get("/in/{inbox}", init);
  const id = head?.get("ringback-message-id") ?? null;
  if (head === undefined || id === null) return null;
  return {
    id,
    takenAt: new Date().toISOString(),
    contentType: head.get("content-type"),
    headers: receivedHeaders(head),
    query: head.get("ringback-query"),
    body: new Uint8Array(body as ArrayBuffer),
  };
}

const prefix = "ringback-header-";

function receivedHeaders(head: Headers): Record<string, string> {
  const given = [...head].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(given.map(([name, value]) => [name.slice(prefix.length), value]));
}
