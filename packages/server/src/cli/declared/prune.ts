import { eventsTopicName } from "../../domain/internal-names.ts";
import { isRecord } from "../../config/record.ts";
import type { ApiCaller } from "../api-caller.ts";
import { sessionLabel } from "../listen/session.ts";
import type { Declarations } from "./declared-resource.ts";

interface Pruned {
  readonly name: string;
  readonly path: string;
}

/**
 * Lists the resources of the file's parts that the file does not declare, in the order in which they can be deleted:
 * what uses another resource comes before it.
 */
export async function resourcesToPrune(api: ApiCaller, { resources, parts }: Declarations): Promise<readonly Pruned[]> {
  const declared = new Set(resources.map(({ name }) => name));
  const pruned: Pruned[] = [];
  const add = async (plural: string, idName = "name"): Promise<void> => {
    for (const item of await everyItem(api, `/v1/${plural}`)) {
      const id = String(item[idName]);
      const isOwn = plural.endsWith("subscriptions") && isRecord(item["labels"]) && sessionLabel in item["labels"];
      if (declared.has(`${plural}/${id}`) || id === eventsTopicName || isOwn) continue;
      pruned.push({ name: `${plural}/${id}`, path: `/v1/${plural}/${encodeURIComponent(id)}` });
    }
  };
  if (parts.has("inboxes")) await add("inboxes");
  for (const name of declared) if (/^topics\/[^/]+$/.test(name)) await add(`${name}/subscriptions`);
  if (parts.has("topics")) await add("topics");
  if (parts.has("eventTypes")) await add("event-types", "type");
  if (parts.has("hooks") || parts.has("callbacks")) await add("hooks");
  if (parts.has("keys")) await add("keys", "kid");
  return pruned;
}

async function everyItem(api: ApiCaller, path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const items: Readonly<Record<string, unknown>>[] = [];
  for (let after = ""; ;) {
    const page = await api("GET", `${path}?limit=100${after}`);
    const { items: some, next } = isRecord(page) ? page : {};
    if (Array.isArray(some)) items.push(...some.filter(isRecord));
    if (typeof next !== "string") return items;
    after = `&after=${encodeURIComponent(next)}`;
  }
}
