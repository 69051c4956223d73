import { parseTarget } from "./connector.ts";
import { OriginPool, type PoolSettings } from "./origin-pool.ts";

/**
 * A pool exists while it has a connection or a POST that waits for one, so there are never more than the budget allows
 * connections: what ends an idle pool is the keep-alive time, or a POST elsewhere that needs its place.
 */
export class OriginPools {
  private readonly settings: PoolSettings;
  private readonly pools = new Map<string, OriginPool>();

  constructor(settings: PoolSettings) {
    this.settings = settings;
  }

  get size(): number {
    return this.pools.size;
  }

  /** null: the text is no origin. */
  of(origin: string): OriginPool | null {
    const known = this.pools.get(origin);
    if (known !== undefined) return known;
    const target = parseTarget(origin);
    if (target === null) return null;
    const pool = new OriginPool(origin, target, this.settings, this.remove);
    this.pools.set(origin, pool);
    return pool;
  }

  closeIdle(): void {
    while (this.settings.budget.idle.first !== null) this.settings.budget.idle.first.evict();
  }

  private readonly remove = (pool: OriginPool): void => {
    if (this.pools.get(pool.origin) === pool) this.pools.delete(pool.origin);
  };
}
