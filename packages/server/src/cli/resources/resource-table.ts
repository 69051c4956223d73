import { attempts, audit, deadLetters, expressions, messages, replays, statistics } from "./record-resources.ts";
import type { Resource } from "./resource.ts";
import {
  accounts,
  eventTypes,
  hooks,
  inboxes,
  keys,
  nodes,
  portalLinks,
  subscriptions,
  topics,
} from "./settings-resources.ts";

/** All resources, in the order of the help. */
export const resources: readonly Resource[] = [
  topics,
  subscriptions,
  messages,
  attempts,
  deadLetters,
  replays,
  statistics,
  expressions,
  hooks,
  inboxes,
  keys,
  accounts,
  portalLinks,
  eventTypes,
  audit,
  nodes,
];
