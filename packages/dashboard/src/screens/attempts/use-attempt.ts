import type { components } from "@ringback/sdk/client";
import { useRead } from "../../api/queries.ts";

export type AttemptDetails = components["schemas"]["AttemptDetails"];
export type Exchange = NonNullable<AttemptDetails["exchange"]>;

const path = "/v1/topics/{topic}/subscriptions/{subscription}/attempts/{id}";

/** Reads an attempt; not while `id` is empty. */
export function useAttempt(topic: string, subscription: string, id: string) {
  return useRead(path, { params: { path: { topic, subscription, id } } }, { enabled: id !== "" });
}
