import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import type { Account } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import { hopsOf } from "../../engine/loops.ts";
import type { Publisher } from "../../engine/publisher.ts";
import type { Queues } from "../../engine/queues/account-queues.ts";
import type { Store } from "../../store/store.ts";
import type { Mutex } from "../../domain/mutex.ts";
import type { FilterCache } from "./filter-cache.ts";
import type { Parameters } from "./parameters.ts";

/** Services that the actions use. */
export interface ActionContext {
  readonly store: Store;
  readonly account: Account;
  readonly publisher: Publisher;
  readonly queues: Queues;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly endpointRule: EndpointRule;
  readonly filterCache: FilterCache;
  /**
   * Locked while an action creates, changes or deletes a topic or subscription. This prevents three faults: two topics
   * or subscriptions whose names differ only in case, lost concurrent changes, and a change that recreates a deleted
   * topic or subscription.
   */
  readonly catalogMutex: Mutex;
}

/** One authenticated request for one action. */
export interface Call {
  readonly parameters: Parameters;
  /** How many pushes and hook calls in a row led to the request. */
  readonly hops: number;
  /** The client's connection. */
  readonly socket: Socket;
}

/** Members of the response in addition to code, message and requestId. */
export type Members = Readonly<Record<string, unknown>>;

export type Action = (context: ActionContext, call: Call) => Promise<Members>;

export async function callOf({ store }: ActionContext, request: FastifyRequest, parameters: Parameters): Promise<Call> {
  return { parameters, hops: await hopsOf(store, request.headers), socket: request.raw.socket };
}
