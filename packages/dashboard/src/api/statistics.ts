import { useQuery } from "@tanstack/react-query";
import type { components } from "@ringback/sdk/client";
import { keyOf, isPassing } from "./queries.ts";
import { client } from "./session.ts";

export type StatisticsPoint = components["schemas"]["Statistics"]["points"][number];

/** Windows of time that a chart can show. */
export const windows = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 } as const;
export type WindowName = keyof typeof windows;

const pointsShown = 60;
const path = "/v1/statistics";

/** The numbers of the last hours or days: of the account, or of a topic or subscription. */
export function useStatistics(
  of: { readonly topic?: string; readonly subscription?: string },
  window: WindowName,
  everyMs = 10_000,
) {
  return useQuery({
    queryKey: keyOf(path, { ...of, window }),
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - windows[window]).toISOString();
      return client().get(path, { params: { query: { ...of, from, points: pointsShown } }, signal });
    },
    refetchInterval: everyMs,
    // The charts of the window before stay until those of the new one are there.
    placeholderData: (before) => before,
    retry: (failures, error) => failures < 2 && isPassing(error),
  });
}
