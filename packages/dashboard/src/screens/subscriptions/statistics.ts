import { useQuery } from "@tanstack/react-query";
import type { components } from "@ringback/sdk/client";
import { keyOf, isPassing } from "../../api/queries.ts";
import { client } from "../../api/session.ts";

export type StatisticsPoint = components["schemas"]["StatisticsPoint"];

/** Windows of time that a chart can show. */
export const windows = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 } as const;
export type WindowName = keyof typeof windows;

const pointsShown = 60;
const readEveryMs = 10_000;
const path = "/v1/statistics";

/** The numbers of a subscription over the last hours or days. The window moves with each reading. */
export function useStatistics(topic: string, subscription: string, window: WindowName) {
  return useQuery({
    queryKey: keyOf(path, { topic, subscription, window }),
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - windows[window]).toISOString();
      return client().get(path, { params: { query: { topic, subscription, from, points: pointsShown } }, signal });
    },
    refetchInterval: readEveryMs,
    placeholderData: (before) => before,
    retry: (failures, error) => failures < 2 && isPassing(error),
  });
}
