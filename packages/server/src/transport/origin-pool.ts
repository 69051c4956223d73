import { Connection, type ConnectionOwner, type ConnectionSettings } from "./connection.ts";
import type { ConnectionBudget } from "./connection-budget.ts";
import type { Target } from "./connector.ts";
import { transportLimits } from "./limits.ts";
import type { TransportErrorCode } from "./port.ts";

export interface PoolSettings extends ConnectionSettings {
  readonly budget: ConnectionBudget;
  readonly connectionsPerOriginMax: number;
}

/** One POST, as far as a pool knows it. */
export interface PooledPost {
  /** False: it needs a connection that nothing went over before. */
  readonly mayReuse: boolean;
  /** It ended while it waited. */
  readonly over: boolean;
  run(connection: Connection): void;
  fail(error: TransportErrorCode): void;
}

/** The connections to one origin, and the POSTs that wait for one. */
export class OriginPool implements ConnectionOwner {
  readonly origin: string;
  private readonly target: Target;
  private readonly settings: PoolSettings;
  private readonly onEmpty: (pool: OriginPool) => void;
  private readonly connections = new Set<Connection>();
  /** Used from the end, so that connections beyond what is needed grow old and close. */
  private readonly idle: Connection[] = [];
  private readonly waiting = new Set<PooledPost>();
  private starting = false;

  constructor(origin: string, target: Target, settings: PoolSettings, onEmpty: (pool: OriginPool) => void) {
    this.origin = origin;
    this.target = target;
    this.settings = settings;
    this.onEmpty = onEmpty;
  }

  /** At once over an idle connection or a new one, or when one of the others is free. */
  start(post: PooledPost): void {
    this.starting = true;
    this.place(post);
    this.starting = false;
    this.endWhenEmpty();
  }

  /** The POST is over. `whole`: its reply was read to the end. `connection` null: it never got one. */
  finish(post: PooledPost, connection: Connection | null, whole: boolean): void {
    if (connection === null) this.waiting.delete(post);
    else if (whole && connection.reusable) this.rest(connection);
    else this.drop(connection);
    this.endWhenEmpty();
  }

  /** A busy connection's POST hears of it from undici. */
  disconnected(connection: Connection): void {
    this.evict(connection);
  }

  /** Closes a connection if it is idle. */
  evict(connection: Connection): void {
    const place = this.idle.lastIndexOf(connection);
    if (place === -1) return;
    this.idle.splice(place, 1);
    this.settings.budget.idle.remove(connection);
    this.drop(connection);
    this.endWhenEmpty();
  }

  private place(post: PooledPost): void {
    const { budget, connectionsPerOriginMax } = this.settings;
    const idle = post.mayReuse ? this.idle.pop() : undefined;
    if (idle !== undefined) {
      budget.idle.remove(idle);
      return post.run(idle);
    }
    if (this.connections.size >= connectionsPerOriginMax) this.idle[0]?.evict();
    if (this.connections.size < connectionsPerOriginMax) this.open(post);
    else if (this.waiting.size < transportLimits.waitingPerOriginMax) this.waiting.add(post);
    else post.fail("connect_failed");
  }

  private open(post: PooledPost): void {
    if (!this.settings.budget.take()) return post.fail("connect_failed");
    const connection = new Connection(this.origin, this.target, this.settings, this);
    this.connections.add(connection);
    post.run(connection);
  }

  private rest(connection: Connection): void {
    connection.reused = true;
    const next = this.nextWaiting();
    if (next === null) {
      this.idle.push(connection);
      this.settings.budget.idle.append(connection);
    } else if (next.mayReuse) {
      this.waiting.delete(next);
      next.run(connection);
    } else {
      this.drop(connection);
    }
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection);
    this.settings.budget.give();
    connection.destroy();
    const next = this.nextWaiting();
    if (next === null) return;
    this.waiting.delete(next);
    this.place(next);
  }

  private nextWaiting(): PooledPost | null {
    for (const post of this.waiting) {
      if (!post.over) return post;
      this.waiting.delete(post);
    }
    return null;
  }

  /** Not in the middle of `start`, which may close the last connection to make room for the next. */
  private endWhenEmpty(): void {
    if (!this.starting && this.connections.size === 0 && this.waiting.size === 0) this.onEmpty(this);
  }
}
