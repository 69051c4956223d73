import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { RingbackApiError, type RingbackEvent } from "@ringback/sdk/client";
import { client, sessionEnded } from "./session.ts";

/** `reconnecting`: the connection is lost, and is tried again at `retryAtMs` (Unix time). */
export type LiveState =
  | { readonly state: "idle" | "connecting" | "open" }
  | { readonly state: "reconnecting"; readonly retryAtMs: number };

export interface LiveFilter {
  /** Only the events of this topic. */
  readonly topic?: string;
  readonly types: readonly string[];
}

interface Listener extends LiveFilter {
  readonly deliver: (events: readonly RingbackEvent[]) => void;
}

/** Events are delivered in batches, because at a thousand a second nobody reads each one. */
const batchMs = 250;
const batchEventsMax = 5_000;

/**
 * One stream of events for the whole page, whatever the number of its listeners: a browser opens only six connections
 * to a server. The stream is opened anew when its listeners need other events.
 */
class LiveFeed {
  #listeners = new Set<Listener>();
  #state: LiveState = { state: "idle" };
  #stateListeners = new Set<() => void>();
  #reconnectListeners = new Set<() => void>();
  #running: { readonly key: string; readonly stop: AbortController } | null = null;
  #batch: RingbackEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly state = (): LiveState => this.#state;

  readonly onState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  };

  /** Calls the listener when the stream is open again after a loss: events may be missing. */
  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#adjustSoon();
    return () => {
      this.#listeners.delete(listener);
      this.#adjustSoon();
    };
  }

  /** Opens the stream anew, for example for another account. */
  restart(): void {
    this.#running?.stop.abort();
    this.#running = null;
    this.#adjustSoon();
  }

  /** A screen that replaces another one changes several listeners in one turn, which needs one stream only. */
  #adjustSoon(): void {
    queueMicrotask(() => this.#adjust());
  }

  #adjust(): void {
    const filter = this.#filter();
    const key = JSON.stringify(filter);
    if (this.#running?.key === key) return;
    this.#running?.stop.abort();
    this.#running = null;
    if (filter === null) return this.#setState({ state: "idle" });
    const stop = new AbortController();
    this.#running = { key, stop };
    void this.#run(filter, stop.signal);
  }

  #filter(): LiveFilter | null {
    const listeners = [...this.#listeners];
    const [first] = listeners;
    if (first === undefined) return null;
    const types = [...new Set(listeners.flatMap((listener) => listener.types))].sort();
    const isOneTopic = first.topic !== undefined && listeners.every(({ topic }) => topic === first.topic);
    return isOneTopic ? { topic: first.topic, types } : { types };
  }

  async #run(filter: LiveFilter, signal: AbortSignal): Promise<void> {
    let wasLost = false;
    this.#setState({ state: "connecting" });
    const client = liveClient((delayMs) => {
      wasLost = true;
      if (!signal.aborted) this.#setState({ state: "reconnecting", retryAtMs: Date.now() + delayMs });
    });
    const onOpen = (): void => {
      this.#setState({ state: "open" });
      if (wasLost) for (const listener of this.#reconnectListeners) listener();
      wasLost = false;
    };
    try {
      for await (const event of client.events({ ...filter, onOpen, signal })) this.#take(event);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RingbackApiError && error.status === 401) sessionEnded();
      this.#setState({ state: "idle" });
    }
  }

  #take(event: RingbackEvent): void {
    if (this.#batch.length < batchEventsMax) this.#batch.push(event);
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#deliver(), batchMs);
  }

  #deliver(): void {
    this.#timer = undefined;
    const batch = this.#batch;
    this.#batch = [];
    for (const { topic, types, deliver } of this.#listeners) {
      const events = batch.filter(
        (event) => types.includes(event.type) && (topic === undefined || event["topic"] === topic),
      );
      if (events.length > 0) deliver(events);
    }
  }

  #setState(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }
}

function liveClient(onRetry: (delayMs: number) => void) {
  return client({ onRetry: (_error, delayMs) => onRetry(delayMs) });
}

export const liveFeed = new LiveFeed();

export function useLiveState(): LiveState {
  return useSyncExternalStore(liveFeed.onState, liveFeed.state);
}

/** Calls `deliver` with the events that happen while the component is shown, a few times a second. */
export function useLive({ topic, types }: LiveFilter, deliver: (events: readonly RingbackEvent[]) => void): void {
  const latest = useEffectEvent(deliver);
  const key = types.join();
  useEffect(
    () => liveFeed.listen({ ...(topic !== undefined && { topic }), types: key.split(","), deliver: latest }),
    [topic, key],
  );
}
