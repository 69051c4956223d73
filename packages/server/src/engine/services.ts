import type { Clock, Timers } from "../domain/ports.ts";
import type { Store } from "../store/store.ts";
import type { EventBus } from "./event-bus.ts";
import type { EngineObserver } from "./observer.ts";

/** Services that the parts of the engine share. */
export interface EngineServices {
  readonly store: Store;
  readonly events: EventBus;
  readonly observer: EngineObserver;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Receives errors of background work, which has no caller. */
  readonly failed: (error: unknown) => void;
}
