import type { LiveEvent } from "./live-events.ts";

type Listener = (event: LiveEvent) => void;

/** Passes live events to the listeners in this process that want them. */
export interface EventBus {
  /** Whether a listener wants events of this type. Otherwise the event need not be made, so that it costs nothing. */
  wants(type: LiveEvent["type"]): boolean;
  emit(event: LiveEvent): void;
  /** Returns the function that removes the listener. `types`: the events that the listener wants; left out: all. */
  subscribe(listener: Listener, types?: readonly LiveEvent["type"][]): () => void;
}

/**
 * Listeners run synchronously and must be quick. An error of a listener goes to `failed` only, never to the emitter.
 */
export function createEventBus(failed: (error: unknown) => void = () => {}): EventBus {
  /** The types that each listener wants; null: all. */
  const listeners = new Map<Listener, ReadonlySet<string> | null>();
  let wanted: ReadonlySet<string> = new Set();
  let isAllWanted = false;

  function changed(): void {
    const all = [...listeners.values()];
    isAllWanted = all.includes(null);
    wanted = new Set(all.flatMap((types) => [...(types ?? [])]));
  }

  return {
    wants: (type) => isAllWanted || wanted.has(type),
    emit(event) {
      for (const [listener, types] of listeners) {
        if (types !== null && !types.has(event.type)) continue;
        try {
          listener(event);
        } catch (error) {
          failed(error);
        }
      }
    },
    subscribe(listener, types) {
      listeners.set(listener, types === undefined ? null : new Set(types));
      changed();
      return () => {
        listeners.delete(listener);
        changed();
      };
    },
  };
}
