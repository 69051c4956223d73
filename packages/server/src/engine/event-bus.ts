import type { EventBus, LiveEvent } from "./port.ts";

/** Live events within this process. A listener must not throw and must not take long. */
export function createEventBus(): EventBus {
  const listeners = new Set<(event: LiveEvent) => void>();
  return {
    get listening() {
      return listeners.size > 0;
    },
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
