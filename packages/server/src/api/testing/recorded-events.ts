import { createEventBus, type EventBus } from "../../engine/event-bus.ts";
import type { LiveEvent } from "../../engine/live-events.ts";

/** An event bus that keeps every emitted event. */
export class RecordedEvents implements EventBus {
  readonly emitted: LiveEvent[] = [];
  readonly #bus = createEventBus();

  wants(): boolean {
    return true;
  }

  /** Whether a listener watches publishes, as the readers of the event stream do. */
  get isWatched(): boolean {
    return this.#bus.wants("message.published");
  }

  emit(event: LiveEvent): void {
    this.emitted.push(event);
    this.#bus.emit(event);
  }

  subscribe(...given: Parameters<EventBus["subscribe"]>): () => void {
    return this.#bus.subscribe(...given);
  }
}
