import type { ClusterStore } from "../store/cluster.ts";

/** Whether the process has started and is not stopping. `reason` is shown to operators. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export type ReadyState =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: "storage_unavailable" | "not_ready"; readonly reason: string };

/** The server is ready if it runs and its last write to the database succeeded. */
export function readiness(
  store: { readonly cluster: Pick<ClusterStore, "writable"> },
  ready: () => Readiness,
): ReadyState {
  const own = ready();
  if (!own.ready)
    return { ready: false, code: "not_ready", reason: own.reason ?? "The server is starting or stopping." };
  if (store.cluster.writable()) return { ready: true };
  return { ready: false, code: "storage_unavailable", reason: "The last write to the database failed." };
}
