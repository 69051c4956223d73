import type { EventBus } from "../../engine/event-bus.ts";
import type { LiveEvent } from "../../engine/live-events.ts";

/** An event bus that keeps every emitted event. */
export class RecordedEvents implements EventBus {
  readonly emitted: LiveEvent[] = [];
  readonly #listeners = new Set<(event: LiveEvent) => void>();

  get listening(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: LiveEvent): void {
    this.emitted.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
