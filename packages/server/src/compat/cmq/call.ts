import type { Socket } from "node:net";
import { onSocketClose } from "../../http/socket-close.ts";
import type { Account } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import type { Publisher } from "../../engine/publisher.ts";
import type { Queues } from "../../engine/queues/queues.ts";
import type { Store } from "../../store/store.ts";
import type { Mutex } from "../../domain/mutex.ts";
import type { FilterCache } from "./filter-cache.ts";
import type { Parameters } from "./parameters.ts";

/** What the actions work with. */
export interface ActionContext {
  readonly store: Store;
  readonly account: Account;
  readonly publisher: Publisher;
  readonly queues: Queues;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly audiences: FilterCache;
  /**
   * Whatever makes, changes or removes something under a name: two that differ in case cannot come to be at once, no change is
   * lost by another, and none brings back what was removed meanwhile.
   */
  readonly creationMutex: Mutex;
}

/** One request for one action, past its signature. */
export interface Call {
  readonly parameters: Parameters;
  /** Ends when the client has gone; made only for those that wait. */
  readonly gone: () => AbortSignal;
}

/** The answer's members after code, message and requestId. */
export type Members = Readonly<Record<string, unknown>>;

export type Action = (context: ActionContext, call: Call) => Promise<Members>;

/** A call of a client at the other end of `socket`; `end` must be called when it is answered. */
export class SocketCall implements Call {
  readonly parameters: Parameters;
  readonly #socket: Socket;
  #forget: (() => void) | null = null;

  constructor(parameters: Parameters, socket: Socket) {
    this.parameters = parameters;
    this.#socket = socket;
  }

  readonly gone = (): AbortSignal => {
    const controller = new AbortController();
    this.end();
    this.#forget = onSocketClose(this.#socket, () => controller.abort());
    return controller.signal;
  };

  end(): void {
    this.#forget?.();
    this.#forget = null;
  }
}
