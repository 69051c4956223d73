import { allConnectionsInUse, type Evictable } from "./connection-budget.ts";
import type { Failure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { Network } from "./network.ts";
import type { Endpoint, PostResult } from "./port.ts";
import { Post } from "./post.ts";
import type { TimeMs } from "./time.ts";
import { WebSocketConnection, type WebSocketOwner, type WebSocketTarget } from "./web-socket-connection.ts";

/** One message that waits for a WebSocket or is being sent. */
export class WebSocketPost extends Post {
  readonly #link: WebSocketLink;

  constructor(
    network: Network,
    link: WebSocketLink,
    endpoint: Endpoint,
    body: Uint8Array,
    done: (result: PostResult) => void,
  ) {
    super(network, endpoint, body, done);
    this.#link = link;
  }

  start(): void {
    this.#link.add(this);
  }

  override end(why: "timeout" | "aborted"): void {
    if (why === "timeout") this.#link.timedOut(this);
    else this.finish(why);
  }

  protected override release(): void {
    this.#link.leave(this);
  }
}

/**
 * The only connection to a WebSocket URL, and the messages that wait for the connection. The connection is opened for
 * the first message and kept. A lost connection is opened again after a pause, and the pause grows with each failure.
 * Messages wait for the new connection, and fail if it cannot be opened. A message that was sent only in part when the
 * connection was lost has failed. A message whose sending had not started continues to wait.
 */
export class WebSocketLink implements Evictable, WebSocketOwner {
  previous: Evictable | null = null;
  next: Evictable | null = null;
  readonly #url: WebSocketTarget;
  readonly #network: Network;
  readonly #onUnused: () => void;
  readonly #waiting = new Set<WebSocketPost>();
  readonly #sending = new Set<WebSocketPost>();
  #connection: WebSocketConnection | null = null;
  #isOpen = false;
  #hasBeenOpen = false;
  #isEvictable = false;
  #openedAtMs: TimeMs = 0;
  #usedAtMs: TimeMs = 0;
  /** Connections in a row that failed or ended soon. */
  #failures = 0;
  #lastFailure: Failure = { code: "connect_failed", detail: null };
  #cancelPause: (() => void) | null = null;

  /** `onUnused` is called when there is no connection, no message and no pause. */
  constructor(url: WebSocketTarget, network: Network, onUnused: () => void) {
    this.#url = url;
    this.#network = network;
    this.#onUnused = onUnused;
  }

  add(post: WebSocketPost): void {
    if (this.#waiting.size >= transportLimits.webSocketWaitingMax) {
      return post.finish("connect_failed", `${this.#waiting.size} messages already wait for the WebSocket`);
    }
    this.#usedAtMs = this.#network.clock.now();
    this.#waiting.add(post);
    this.#preventEviction();
    if (this.#isOpen) this.#flush();
    else if (this.#connection === null && this.#cancelPause === null) this.#open();
  }

  /** Called when a message has ended, successfully or not. */
  leave(post: WebSocketPost): void {
    this.#waiting.delete(post);
    this.#sending.delete(post);
    this.#allowEviction();
  }

  timedOut(post: WebSocketPost): void {
    // The peer has not accepted the whole message in time. A message that was passed to the connection cannot be taken
    // back, so the connection must be closed.
    if (this.#sending.has(post)) {
      const failure = { code: "timeout", detail: "the peer did not take the whole message in time" } as const;
      post.finish(failure.code, failure.detail);
      this.#connection?.fail(failure);
    } else if (this.#cancelPause === null) post.finish("timeout", "the WebSocket was not open in time");
    else post.finish(this.#lastFailure.code, this.#lastFailure.detail);
  }

  /** Closes the connection, because the budget needs it for another origin. */
  evict(): void {
    this.end();
    this.#onUnused();
  }

  /** Closes the link. All messages must have ended before. */
  end(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    const connection = this.#connection;
    if (connection === null) return;
    this.#forget();
    connection.close();
  }

  // ---- called by the connection

  ready(): void {
    this.#isOpen = true;
    this.#hasBeenOpen = true;
    this.#openedAtMs = this.#network.clock.now();
    this.#flush();
    this.#allowEviction();
  }

  isIdle(): boolean {
    const { clock } = this.#network;
    return !this.#hasMessages && clock.now() - this.#usedAtMs >= transportLimits.webSocketIdleMs;
  }

  ended(failure: Failure | null): void {
    const wasOpen = this.#isOpen;
    const lasted = wasOpen && this.#network.clock.now() - this.#openedAtMs >= transportLimits.webSocketSteadyMs;
    this.#forget();
    if (failure === null) return this.#onUnused();
    this.#failures = lasted ? 1 : this.#failures + 1;
    this.#lastFailure = failure;
    this.#pause();
    // `finish` removes each message from the set, which is allowed during the iteration.
    for (const post of this.#sending) post.finish(wasOpen ? "connection_reset" : failure.code, failure.detail);
    if (!wasOpen) for (const post of this.#waiting) post.finish(failure.code, failure.detail);
  }

  get #hasMessages(): boolean {
    return this.#waiting.size > 0 || this.#sending.size > 0;
  }

  #open(): void {
    if (!this.#network.budget.take()) {
      for (const post of this.#waiting) post.finish("connect_failed", allConnectionsInUse);
      if (this.#connection === null) this.#onUnused();
      return;
    }
    this.#connection = new WebSocketConnection(this.#url, this.#network, this);
  }

  #pause(): void {
    const { webSocketRetryMsMin, webSocketRetryMsMax } = transportLimits;
    const delayMs = Math.min(webSocketRetryMsMin * 2 ** Math.min(this.#failures - 1, 16), webSocketRetryMsMax);
    this.#cancelPause = this.#network.timers.after(delayMs, () => {
      this.#cancelPause = null;
      // A peer that was connected before is connected again even without a message.
      if (this.#hasMessages || (this.#hasBeenOpen && !this.isIdle())) this.#open();
      else this.#onUnused();
    });
  }

  #flush(): void {
    const connection = this.#connection;
    for (const post of this.#waiting) {
      if (connection === null || !connection.canSend) return;
      if (connection.bufferedBytes >= transportLimits.webSocketBufferedBytesMax) return;
      if (!post.mayBegin()) continue;
      this.#waiting.delete(post);
      this.#sending.add(post);
      connection.send(post.body, () => {
        post.finish(null);
        this.#flush();
      });
    }
  }

  /** An idle connection may be closed to make room for another. */
  #allowEviction(): void {
    if (!this.#isOpen || this.#isEvictable || this.#hasMessages) return;
    this.#isEvictable = true;
    this.#network.budget.idle.append(this);
  }

  #preventEviction(): void {
    if (!this.#isEvictable) return;
    this.#isEvictable = false;
    this.#network.budget.idle.remove(this);
  }

  #forget(): void {
    this.#preventEviction();
    this.#connection = null;
    this.#isOpen = false;
    this.#network.budget.release();
  }
}
