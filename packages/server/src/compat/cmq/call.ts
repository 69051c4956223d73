import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import type { Role } from "../../domain/access-rules.ts";
import type { Account, AccountId } from "../../domain/model.ts";
import { assertMay, assertTopicGranted, type Caller } from "../../engine/access/access.ts";
import type { ServicesOf } from "../../engine/account-services.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EndpointVerifier } from "../../engine/push/endpoint-verifier.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import { type TraceContext, traceOfHeaders } from "../../domain/trace-context.ts";
import { hopsOf } from "../../engine/loops.ts";
import type { Publisher } from "../../engine/publisher.ts";
import type { Queues } from "../../engine/queues/account-queues.ts";
import type { Store } from "../../store/store.ts";
import { Mutex } from "../../domain/mutex.ts";
import type { AuthenticationOptions } from "./authentication.ts";
import { cmqLimits } from "./cmq-limits.ts";
import type { FilterCache } from "./filter-cache.ts";
import type { Parameters } from "./parameters.ts";

/** Services that the actions use. */
export interface ActionContext {
  readonly store: Store;
  readonly access: AuthenticationOptions["access"];
  readonly caller: Caller;
  readonly account: Account;
  readonly publisher: Publisher;
  readonly queues: Queues;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly endpointRule: EndpointRule;
  readonly verifier: EndpointVerifier;
  readonly filterCache: FilterCache;
  /**
   * Locked while an action creates, changes or deletes a topic or subscription. This prevents three faults: two topics
   * or subscriptions whose names differ only in case, lost concurrent changes, and a change that recreates a deleted
   * topic or subscription.
   */
  readonly catalogMutex: Mutex;
}

/** Returns the services for the actions of a caller. Throws `forbidden`. */
export type ContextOf = (caller: Caller, action: string, parameters: Parameters) => ActionContext;

type Shared = Omit<ActionContext, "caller" | "account" | "queues" | "catalogMutex">;

export function createContextOf(shared: Shared, servicesOf: ServicesOf): ContextOf {
  const mutexes = new Map<AccountId, Mutex>();
  return (caller, action, parameters) => {
    assertMay(caller, needOf(action));
    assertTopicGranted(caller, topicOf(action, parameters));
    const { account } = caller;
    let catalogMutex = mutexes.get(account.id);
    if (catalogMutex === undefined) mutexes.set(account.id, (catalogMutex = new Mutex(cmqLimits.pendingChangesMax)));
    return { ...shared, caller, account, queues: servicesOf(account.id).queues, catalogMutex };
  };
}

/** The actions of both versions of the API that act on the topic in `topicName` only. Others may ignore `topicName`. */
const actionsOnOneTopic =
  /^(?:Batch)?Publish|subsc|^(?:Create|Delete|Set|Get|Modify)(?:Cmq)?Topic(?:Attributes?)?$|^DescribeCmqTopicDetail$/i;

/** Returns null if the action concerns anything except one topic, such as a queue as the endpoint of a subscription. */
function topicOf(action: string, parameters: Parameters): string | null {
  const isForQueue = parameters.text("protocol")?.toLowerCase() === "queue";
  return actionsOnOneTopic.test(action) && !isForQueue ? parameters.text("topicName") : null;
}

/** The role that an action needs. Both versions of the API have names of the same form. */
export function needOf(action: string): Role {
  if (/^(?:Batch)?(?:Publish|Send)/.test(action)) return "publish";
  if (/^(?:Batch)?(?:Receive|Delete)Message$/.test(action)) return "consume";
  return /^(?:Get|List|Describe)/.test(action) ? "read" : "admin";
}

/** One authenticated request for one action. */
export interface Call {
  readonly parameters: Parameters;
  /** How many pushes and hook calls in a row led to the request. */
  readonly hops: number;
  readonly trace: TraceContext | null;
  /** The client's connection. */
  readonly socket: Socket;
}

/** Members of the response in addition to code, message and requestId. */
export type Members = Readonly<Record<string, unknown>>;

export type Action = (context: ActionContext, call: Call) => Promise<Members>;

export async function callOf(
  { store }: Pick<ActionContext, "store">,
  request: FastifyRequest,
  parameters: Parameters,
): Promise<Call> {
  const { headers, raw } = request;
  return { parameters, hops: await hopsOf(store, headers), trace: traceOfHeaders(headers), socket: raw.socket };
}
