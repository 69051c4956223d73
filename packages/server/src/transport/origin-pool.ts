import { Connection, type ConnectionSettings } from "./connection.ts";
import { allConnectionsInUse, type ConnectionBudget } from "./connection-budget.ts";
import { type HostAndPort, targetOf } from "./connector.ts";
import { transportLimits } from "./limits.ts";
import type { Endpoint, TransportErrorCode } from "./port.ts";

export interface PoolSettings extends ConnectionSettings {
  readonly budget: ConnectionBudget;
  readonly connectionsPerOriginMax: number;
}

export type PooledEndpoint = Pick<Endpoint, "origin" | "connectionsKey" | "tls">;

/** A POST that needs a connection. */
export interface PooledPost {
  /** False: the POST needs a new connection. */
  readonly mayReuse: boolean;
  /** True: the POST has already ended, for example while it waited for a connection. */
  readonly isFinished: boolean;
  run(connection: Connection): void;
  finish(error: TransportErrorCode, detail: string): void;
}

/** The connections to one origin, and the POSTs that wait for a connection. */
export class OriginPool {
  readonly key: string;
  readonly origin: string;
  readonly #target: HostAndPort;
  readonly #settings: PoolSettings;
  readonly #onEmpty: (pool: OriginPool) => void;
  readonly #connections = new Set<Connection>();
  /**
   * The last connection of the array is reused first. Surplus connections thus stay idle until their keep-alive timeout
   * closes them.
   */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<PooledPost>();
  #starting = false;

  constructor(
    { key, origin }: { readonly key: string; readonly origin: string },
    target: HostAndPort,
    settings: PoolSettings,
    onEmpty: (pool: OriginPool) => void,
  ) {
    this.key = key;
    this.origin = origin;
    this.#target = target;
    this.#settings = settings;
    this.#onEmpty = onEmpty;
  }

  /** Runs the POST over an idle or a new connection, or lets it wait until a connection is free. */
  start(post: PooledPost): void {
    this.#starting = true;
    this.#assign(post);
    this.#starting = false;
    this.#endWhenEmpty();
  }

  /**
   * Called when a POST has ended. `whole`: the reply was read to its end. `connection`: null if the POST never got a
   * connection.
   */
  finish(post: PooledPost, connection: Connection | null, whole: boolean): void {
    if (connection !== null) {
      if (whole && connection.isWriting) setImmediate(this.#release, connection, whole);
      else this.#release(connection, whole);
      return;
    }
    this.#waiting.delete(post);
    this.#endWhenEmpty();
  }

  /**
   * TLS sockets report the end of a write in an immediate of Node, so a fast reply can come before that report. In this
   * case `finish` calls this function one immediate later. A connection that still writes then is not reused.
   */
  readonly #release = (connection: Connection, whole: boolean): void => {
    if (whole && connection.reusable) this.#reuse(connection);
    else this.#drop(connection);
    this.#endWhenEmpty();
  };

  /** Closes a connection if it is idle. */
  readonly #evict = (connection: Connection): void => {
    const index = this.#idle.lastIndexOf(connection);
    if (index === -1) return;
    this.#idle.splice(index, 1);
    this.#settings.budget.idle.remove(connection);
    this.#drop(connection);
    this.#endWhenEmpty();
  };

  #assign(post: PooledPost): void {
    const { budget, connectionsPerOriginMax } = this.#settings;
    const idle = post.mayReuse ? this.#idle.pop() : undefined;
    if (idle !== undefined) {
      budget.idle.remove(idle);
      return post.run(idle);
    }
    if (this.#connections.size >= connectionsPerOriginMax) this.#idle[0]?.evict();
    if (this.#connections.size < connectionsPerOriginMax) this.#open(post);
    else if (this.#waiting.size < transportLimits.waitingPerOriginMax) this.#waiting.add(post);
    else post.finish("connect_failed", `${this.#waiting.size} POSTs to ${this.origin} already wait for a connection`);
  }

  #open(post: PooledPost): void {
    if (!this.#settings.budget.take()) return post.finish("connect_failed", allConnectionsInUse);
    const connection = new Connection(this.origin, this.#target, this.#settings, this.#evict);
    this.#connections.add(connection);
    post.run(connection);
  }

  #reuse(connection: Connection): void {
    connection.reused = true;
    const next = this.#nextWaiting();
    if (next === null) {
      this.#idle.push(connection);
      this.#settings.budget.idle.append(connection);
    } else if (next.mayReuse) {
      this.#waiting.delete(next);
      next.run(connection);
    } else {
      this.#drop(connection);
    }
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    this.#settings.budget.release();
    connection.destroy();
    const next = this.#nextWaiting();
    if (next === null) return;
    this.#waiting.delete(next);
    this.#assign(next);
  }

  #nextWaiting(): PooledPost | null {
    for (const post of this.#waiting) {
      if (!post.isFinished) return post;
      this.#waiting.delete(post);
    }
    return null;
  }

  /** Does nothing during `start`, because `start` may close the last connection to make room for a new one. */
  #endWhenEmpty(): void {
    if (!this.#starting && this.#connections.size === 0 && this.#waiting.size === 0) this.#onEmpty(this);
  }
}

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

  /** Returns null if the endpoint's origin cannot be parsed. */
  of(endpoint: PooledEndpoint): OriginPool | null {
    const key = poolKeyOf(endpoint);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const target = targetOf(endpoint);
    if (target === null) return null;
    const pool = new OriginPool({ key, origin: endpoint.origin }, target, this.#settings, this.#remove);
    this.#pools.set(key, pool);
    return pool;
  }

  closeIdle(): void {
    while (this.#settings.budget.idle.first !== null) this.#settings.budget.idle.first.evict();
  }

  readonly #remove = (pool: OriginPool): void => {
    if (this.#pools.get(pool.key) === pool) this.#pools.delete(pool.key);
  };
}

export function poolKeyOf({ origin, connectionsKey = origin, tls }: PooledEndpoint): string {
  return tls === undefined ? connectionsKey : `${connectionsKey} tls ${tls.id}`;
}
