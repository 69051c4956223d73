import type { TimeMs } from "../../domain/model.ts";
import type { ClaimId } from "../log.ts";

interface OpenClaim {
  leaseUntilMs: TimeMs;
  /** Deliveries of the claim that are not settled. */
  openCount: number;
}

/** The claims that have unsettled deliveries, with their leases. */
export class Claims {
  readonly #claims = new Map<ClaimId, OpenClaim>();
  #lastId = 0;

  nextId(): ClaimId {
    return ++this.#lastId as ClaimId;
  }

  add(id: ClaimId, leaseUntilMs: TimeMs): void {
    const claim = this.#claims.get(id);
    if (claim === undefined) this.#claims.set(id, { leaseUntilMs, openCount: 1 });
    else claim.openCount++;
  }

  /** One delivery has left the claim; the claim ends with its last delivery. */
  leave(id: ClaimId): void {
    const claim = this.#claims.get(id);
    if (claim !== undefined && --claim.openCount === 0) this.#claims.delete(id);
  }

  leaseUntilMs(id: ClaimId): TimeMs {
    return this.#claims.get(id)?.leaseUntilMs ?? 0;
  }

  renew(ids: readonly ClaimId[], leaseUntilMs: TimeMs, nowMs: TimeMs): readonly ClaimId[] {
    return ids.filter((id) => {
      const claim = this.#claims.get(id);
      if (claim === undefined || claim.leaseUntilMs <= nowMs) return false;
      claim.leaseUntilMs = Math.max(claim.leaseUntilMs, leaseUntilMs);
      return true;
    });
  }

  expireAll(): void {
    for (const claim of this.#claims.values()) claim.leaseUntilMs = 0;
  }

  get openCount(): number {
    let count = 0;
    for (const claim of this.#claims.values()) count += claim.openCount;
    return count;
  }
}
