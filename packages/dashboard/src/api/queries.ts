import { QueryCache, QueryClient, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import {
  RingbackApiError,
  RingbackConnectionError,
  type ApiData,
  type ApiInit,
  type ListItem,
  type ListPath,
  type paths,
} from "@ringback/sdk/client";
import { chosenAccount, client, sessionEnded } from "./session.ts";

type GetPath = { [P in keyof paths]: paths[P] extends { get: object } ? P : never }[keyof paths];

const retriesMax = 2;
const freshMs = 2_000;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: reportEnd }),
  defaultOptions: {
    queries: {
      staleTime: freshMs,
      retry: (failures, error) => failures < retriesMax && isPassing(error),
      // The live feed and `refetchInterval` of a query say when to read again.
      refetchOnWindowFocus: true,
    },
    mutations: { onError: reportEnd },
  },
});

/** True for failures that may be over a moment later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof RingbackApiError) return error.status === 429 || error.status >= 502;
  return error instanceof RingbackConnectionError;
}

export interface ReadOptions {
  /** How often to read again while the page is visible. */
  readonly everyMs?: number;
  /** False: do not read yet. */
  readonly enabled?: boolean;
}

/** Reads one resource. The path and the parameters are those of the API, and are the query's key. */
export function useRead<P extends GetPath>(
  path: P,
  init?: ApiInit<"get", P>,
  options: ReadOptions = {},
): UseQueryResult<ApiData<"get", P>> {
  const { everyMs, enabled = true } = options;
  return useQuery({
    queryKey: keyOf(path, init),
    queryFn: ({ signal }) => get(path, init, signal) as Promise<ApiData<"get", P>>,
    enabled,
    ...(everyMs !== undefined && { refetchInterval: everyMs }),
  });
}

const pageItems = 100;

/** Reads a list page by page; `fetchNextPage` reads on. */
export function useList<P extends ListPath & GetPath>(path: P, init?: ApiInit<"get", P>, options: ReadOptions = {}) {
  const { everyMs, enabled = true } = options;
  const query = useInfiniteQuery({
    queryKey: keyOf(path, init),
    queryFn: ({ signal, pageParam }) => {
      const { params } = (init ?? {}) as { params?: { query?: object } };
      const paging = { limit: pageItems, ...(pageParam !== null && { after: pageParam }) };
      const paged = { ...init, params: { ...params, query: { ...params?.query, ...paging } } };
      return get(path, paged, signal) as Promise<{
        readonly items: readonly ListItem<P>[];
        readonly next: string | null;
      }>;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled,
    ...(everyMs !== undefined && { refetchInterval: everyMs }),
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) };
}

/** The key of all queries of a path; with an init of one of them. `invalidate` reads them again. */
export function keyOf(path: string, init?: object): readonly unknown[] {
  const key = [chosenAccount() ?? null, path];
  return init === undefined ? key : [...key, init];
}

/** Reads again what is shown of these paths. */
export function invalidate(...changed: readonly GetPath[]): Promise<void> {
  const isChanged = (path: unknown): boolean => (changed as readonly unknown[]).includes(path);
  return queryClient.invalidateQueries({ predicate: ({ queryKey }) => isChanged(queryKey[1]) });
}

function get(path: GetPath, init: object | undefined, signal: AbortSignal): Promise<unknown> {
  return (client().get as (path: string, init: object) => Promise<unknown>)(path, { ...init, signal });
}

function reportEnd(error: unknown): void {
  if (error instanceof RingbackApiError && error.status === 401) sessionEnded();
}
