import { RingbackError } from "../domain/errors.ts";
import type { ClusterStore } from "../store/cluster.ts";

/**
 * State of the process. The process is ready when its start is complete, until its stop begins. `reason` is shown to
 * operators.
 */
export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

/**
 * The server is ready if it runs and its last write to the database succeeded. Throws `not_ready` and
 * `storage_unavailable`.
 */
export function assertReady(cluster: Pick<ClusterStore, "writable">, { ready, reason }: Readiness): void {
  if (!ready) throw new RingbackError("not_ready", reason ?? "The server is starting or stopping.");
  if (!cluster.writable()) throw new RingbackError("storage_unavailable", "The last write to the database failed.");
}
