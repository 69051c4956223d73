import type { Evictable } from "./connection-budget.ts";
import type { GuardedNetwork } from "./guarded-network.ts";
import { HandOver, type HandOverSetting } from "./hand-over.ts";
import { transportLimits } from "./limits.ts";
import type { Endpoint, PostResult, TransportErrorCode } from "./port.ts";
import type { TimeMs } from "./time.ts";
import { WebSocketConnection, type WebSocketOwner } from "./web-socket-connection.ts";

/** One message that waits for a WebSocket, or is on its way into it. */
export class WebSocketPost extends HandOver {
  private readonly link: WebSocketLink;

  constructor(
    setting: HandOverSetting,
    link: WebSocketLink,
    endpoint: Endpoint,
    body: Uint8Array,
    done: (result: PostResult) => void,
  ) {
    super(setting, endpoint, body, done);
    this.link = link;
  }

  end(why: "timeout" | "aborted"): void {
    if (why === "timeout") this.link.timedOut(this);
    else this.finish(why);
  }

  protected letGo(): void {
    this.link.leave(this);
  }
}

/**
 * The one connection to a WebSocket's URL, and the messages that wait for it. It is opened for the first message and kept.
 * When it drops it is opened anew after a pause, which grows while that fails; messages wait for the try and share its
 * fate. A message that the system had not taken whole when the connection dropped has failed; one that had not been
 * started goes on waiting.
 */
export class WebSocketLink implements Evictable, WebSocketOwner {
  previous: Evictable | null = null;
  next: Evictable | null = null;
  private readonly url: { readonly origin: string; readonly path: string };
  private readonly network: GuardedNetwork;
  private readonly onUnused: () => void;
  private readonly waiting = new Set<WebSocketPost>();
  private readonly sending = new Set<WebSocketPost>();
  private connection: WebSocketConnection | null = null;
  private isOpen = false;
  private hasBeenOpen = false;
  private isEvictable = false;
  private openedAtMs: TimeMs = 0;
  private usedAtMs: TimeMs = 0;
  /** Connections in a row that did not last. */
  private failures = 0;
  private lastFailure: TransportErrorCode = "connect_failed";
  private cancelPause: (() => void) | null = null;

  /** `onUnused` runs when nothing is left: no connection, no message, no pause. */
  constructor(url: { readonly origin: string; readonly path: string }, network: GuardedNetwork, onUnused: () => void) {
    this.url = url;
    this.network = network;
    this.onUnused = onUnused;
  }

  add(post: WebSocketPost): void {
    if (this.waiting.size >= transportLimits.webSocketWaitingMax) return post.finish("connect_failed");
    this.usedAtMs = this.network.clock.now();
    this.waiting.add(post);
    this.keep();
    if (this.isOpen) this.flush();
    else if (this.connection === null && this.cancelPause === null) this.open();
  }

  /** The message has come to its end, whatever that was. */
  leave(post: WebSocketPost): void {
    this.waiting.delete(post);
    this.sending.delete(post);
    this.rest();
  }

  timedOut(post: WebSocketPost): void {
    // Nothing moves any more, and what was handed to the socket cannot be taken back from it.
    if (this.sending.has(post)) {
      post.finish("timeout");
      this.connection?.fail("timeout");
    } else post.finish(this.cancelPause === null ? "timeout" : this.lastFailure);
  }

  /** Something else needs its place. */
  evict(): void {
    this.end();
    this.onUnused();
  }

  /** For good. Messages must have come to their ends before. */
  end(): void {
    this.cancelPause?.();
    this.cancelPause = null;
    const { connection } = this;
    if (connection === null) return;
    this.forget();
    connection.close();
  }

  // ---- what the connection tells

  ready(): void {
    this.isOpen = true;
    this.hasBeenOpen = true;
    this.openedAtMs = this.network.clock.now();
    this.flush();
    this.rest();
  }

  isIdle(): boolean {
    const { clock } = this.network;
    return !this.hasMessages && clock.now() - this.usedAtMs >= transportLimits.webSocketIdleMs;
  }

  over(code: TransportErrorCode | null): void {
    const wasOpen = this.isOpen;
    const lasted = wasOpen && this.network.clock.now() - this.openedAtMs >= transportLimits.webSocketSteadyMs;
    this.forget();
    if (code === null) return this.onUnused();
    this.failures = lasted ? 1 : this.failures + 1;
    this.lastFailure = code;
    this.pause();
    // `finish` takes them out of their set, which does no harm to the walk.
    for (const post of this.sending) post.finish(wasOpen ? "connection_reset" : code);
    if (!wasOpen) for (const post of this.waiting) post.finish(code);
  }

  // ---- within

  private get hasMessages(): boolean {
    return this.waiting.size > 0 || this.sending.size > 0;
  }

  private open(): void {
    if (!this.network.budget.take()) {
      for (const post of this.waiting) post.finish("connect_failed");
      if (this.connection === null) this.onUnused();
      return;
    }
    this.connection = new WebSocketConnection(this.url, this.network, this);
  }

  private pause(): void {
    const { webSocketRetryMsMin, webSocketRetryMsMax } = transportLimits;
    const delayMs = Math.min(webSocketRetryMsMin * 2 ** Math.min(this.failures - 1, 16), webSocketRetryMsMax);
    this.cancelPause = this.network.timers.after(delayMs, () => {
      this.cancelPause = null;
      // A peer that was there gets its connection back before there is a message for it.
      if (this.hasMessages || (this.hasBeenOpen && !this.isIdle())) this.open();
      else this.onUnused();
    });
  }

  private flush(): void {
    const { connection } = this;
    for (const post of this.waiting) {
      if (connection === null || !connection.canSend) return;
      if (connection.bufferedBytes >= transportLimits.webSocketBufferedBytesMax) return;
      if (!post.mayBegin()) continue;
      this.waiting.delete(post);
      this.sending.add(post);
      connection.send(post.body, () => {
        post.finish(null);
        this.flush();
      });
    }
  }

  /** While it has nothing to do, it may make room for another. */
  private rest(): void {
    if (!this.isOpen || this.isEvictable || this.hasMessages) return;
    this.isEvictable = true;
    this.network.budget.idle.append(this);
  }

  private keep(): void {
    if (!this.isEvictable) return;
    this.isEvictable = false;
    this.network.budget.idle.remove(this);
  }

  private forget(): void {
    this.keep();
    this.connection = null;
    this.isOpen = false;
    this.network.budget.give();
  }
}
