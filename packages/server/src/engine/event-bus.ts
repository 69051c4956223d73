import type { EventBus, LiveEvent } from "./port.ts";

/**
 * Live events within this process. A listener must not take long. What it throws is told to `failed` and to nobody else:
 * the delivery or the publish that the event is about goes on.
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
