import type { FastifyRequest } from "fastify";
import { foldCase, isName } from "../../domain/names.ts";
import type { Caller } from "../../engine/access/access.ts";
import { type Audit, actorOf } from "../../engine/audit/audit.ts";
import { clientAddressOf } from "../../http/trusted-proxies.ts";
import { recordedSubscriptionView } from "../../shapes/subscription.ts";
import { topicView } from "../../shapes/topic.ts";
import { type Action, type ActionContext, callOf, type Members, needOf } from "./call.ts";
import type { Parameters } from "./parameters.ts";

interface GivenAction {
  readonly action: string;
  readonly run: Action;
  readonly caller: Caller;
  readonly parameters: Parameters;
}

/** Runs an action of a request, and records it if it is a change. */
export async function runAction(
  context: ActionContext,
  audit: Audit,
  request: FastifyRequest,
  { action, run, caller, parameters }: GivenAction,
): Promise<Members> {
  const call = await callOf(context, request, parameters);
  if (needOf(action) !== "admin") return run(context, call);
  const { target, view } = subjectOf(context, action, parameters);
  const before = await view();
  const members = await run(context, call);
  await audit.record(context.account.id, {
    who: actorOf(caller),
    source: clientAddressOf(request),
    requestId: request.id,
    action: `cmq.${action}`,
    target,
    before,
    after: await view(),
  });
  return members;
}

/** The topic, subscription or queue that an action changes. */
interface Subject {
  /**
   * The target of the record, in the form of the native API, so that `topics/a` selects all changes of the topic.
   * Queues are `queues/NAME`.
   */
  readonly target: string;
  /** null: it does not exist. */
  readonly view: () => Promise<object | null>;
}

/**
 * The kind of the subject follows from the name of the action, because requests can have more parameters than an action
 * reads.
 */
function subjectOf(context: ActionContext, action: string, parameters: Parameters): Subject {
  const { store, account, queues } = context;
  const { catalog } = store;
  if (/Queue|DeadLetter/.test(action)) {
    const name = foldCase(nameIn(parameters, parameters.has("queueName") ? "queueName" : "sourceQueueName"));
    return { target: `queues/${name}`, view: async () => (name === "" ? null : queues.get(name)) };
  }
  const name = nameIn(parameters, "topicName");
  const topic = async () => (name === "" ? null : catalog.getTopic(account.id, name));
  if (!/subsc/i.test(action)) return { target: `topics/${name}`, view: async () => viewed(await topic(), topicView) };
  const subscription = nameIn(parameters, "subscriptionName");
  return {
    target: `topics/${name}/subscriptions/${subscription}`,
    view: async () => {
      const found = subscription === "" ? null : await topic();
      return viewed(found && (await catalog.getSubscription(found.id, subscription)), recordedSubscriptionView);
    },
  };
}

/** Returns the empty text for an invalid name, which the action refuses. */
function nameIn(parameters: Parameters, parameter: string): string {
  const text = parameters.text(parameter);
  return text !== null && isName(text) ? text : "";
}

function viewed<R>(resource: R | null, view: (resource: R) => object): object | null {
  return resource === null ? null : view(resource);
}
