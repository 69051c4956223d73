import { parseOrigin } from "./connector.ts";
import { OriginPool, type PoolSettings } from "./origin-pool.ts";

/**
 * The pools of all origins. A pool exists only while it has a connection or a waiting POST, so there are never more
 * pools than connections and POSTs. An idle pool ends when its connections' keep-alive time is over, or when the budget
 * closes them.
 */
export class OriginPools {
  readonly #settings: PoolSettings;
  readonly #pools = new Map<string, OriginPool>();

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#pools.size;
  }

  /** null: the text is not an origin. */
  of(origin: string): OriginPool | null {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const target = parseOrigin(origin);
    if (target === null) return null;
    const pool = new OriginPool(origin, target, this.#settings, this.#remove);
    this.#pools.set(origin, pool);
    return pool;
  }

  closeIdle(): void {
    while (this.#settings.budget.idle.first !== null) this.#settings.budget.idle.first.evict();
  }

  readonly #remove = (pool: OriginPool): void => {
    if (this.#pools.get(pool.origin) === pool) this.#pools.delete(pool.origin);
  };
}
