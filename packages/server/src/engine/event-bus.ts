import type { LiveEvent } from "./live-events.ts";

/** Passes live events to every listener in this process. Without listeners, emitting costs nothing. */
export interface EventBus {
  readonly listening: boolean;
  emit(event: LiveEvent): void;
  /** Returns the function that removes the listener. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
}

/**
 * Listeners run synchronously and must be quick. An error of a listener goes to `failed` only, never to the emitter.
 */
export function createEventBus(failed: (error: unknown) => void = () => {}): EventBus {
  const listeners = new Set<(event: LiveEvent) => void>();
  return {
    get listening() {
      return listeners.size > 0;
    },
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          failed(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
