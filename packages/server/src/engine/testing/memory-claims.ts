import type { TimeMs } from "../../domain/model.ts";
import type { ClaimId } from "../../store/log.ts";
import { branded } from "./brand.ts";

/** The leases that are open, each with the number of its deliveries that are not settled. */
export class MemoryClaims {
  readonly #claims = new Map<ClaimId, { leaseUntilMs: TimeMs; open: number }>();
  #lastId = 0;

  nextId(): ClaimId {
    return branded(++this.#lastId);
  }

  open(id: ClaimId, leaseUntilMs: TimeMs): void {
    const claim = this.#claims.get(id);
    if (claim === undefined) this.#claims.set(id, { leaseUntilMs, open: 1 });
    else claim.open++;
  }

  /** One of its deliveries has left it; it goes with its last one. */
  left(id: ClaimId): void {
    const claim = this.#claims.get(id);
    if (claim !== undefined && --claim.open === 0) this.#claims.delete(id);
  }

  leaseUntilMs(id: ClaimId): TimeMs {
    return this.#claims.get(id)?.leaseUntilMs ?? 0;
  }

  renew(ids: readonly ClaimId[], leaseUntilMs: TimeMs, nowMs: TimeMs): readonly ClaimId[] {
    return ids.filter((id) => {
      const claim = this.#claims.get(id);
      if (claim === undefined || claim.leaseUntilMs <= nowMs) return false;
      claim.leaseUntilMs = leaseUntilMs;
      return true;
    });
  }

  /** As after a stall that was longer than the lease. */
  expireAll(): void {
    for (const claim of this.#claims.values()) claim.leaseUntilMs = 0;
  }

  get openDeliveries(): number {
    let open = 0;
    for (const claim of this.#claims.values()) open += claim.open;
    return open;
  }
}
