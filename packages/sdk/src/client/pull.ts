import type { PulledMessage } from "./api.ts";
import { delayAfter, isPassing, Outage, type OnRetry } from "./outage.ts";
import { pause } from "./pause.ts";

export interface PullOptions {
  /** How many messages one request fetches. Default: 10. */
  readonly messagesMax?: number;
  /** How long a request waits for a message. Default: 20 s. */
  readonly waitMs?: number;
  /** How long a message stays invisible to others. The client extends it while the message is held. Default: 30 s. */
  readonly visibilityMs?: number;
  /** Called when a message could not be acknowledged in time. Others may have got it. */
  readonly onLost?: (message: PulledMessage) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A pulled message. The next step of the loop acknowledges it, unless `ack` or `nack` was called. */
export type HeldMessage = PulledMessage & {
  /** Acknowledges the message now. */
  readonly ack: () => Promise<void>;
  /** Puts the message back. `delayMs`: how long it stays invisible. */
  readonly nack: (delayMs?: number) => Promise<void>;
};

/** The three requests of a receiver. `acknowledge` and `putBack` return the handles that were no longer valid. */
export interface PullRequests {
  pull(signal: AbortSignal | undefined): Promise<readonly PulledMessage[]>;
  acknowledge(receiptHandles: readonly string[]): Promise<readonly string[]>;
  putBack(receiptHandles: readonly string[], delayMs: number): Promise<readonly string[]>;
}

/**
 * Messages one by one. When the loop asks for the next message, the one before is acknowledged. A loop that ends by an
 * error or `break` leaves its message unacknowledged, and puts back those that it has not seen.
 */
export async function* pulled(
  requests: PullRequests,
  { signal, onLost, visibilityMs }: PullOptions & { readonly visibilityMs: number },
  onRetry?: OnRetry,
): AsyncGenerator<HeldMessage, void, undefined> {
  const held = new Set<string>();
  const extend = setInterval(() => {
    if (held.size > 0) requests.putBack([...held], visibilityMs).catch(() => undefined);
  }, visibilityMs / 3);
  try {
    for (let failures = 0; ;) {
      const messages = await requests.pull(signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        if (!isPassing(error)) throw error;
        return error;
      });
      if (messages instanceof Error) {
        const delayMs = delayAfter(messages, failures++);
        onRetry?.(messages, delayMs);
        await pause(delayMs, signal);
        continue;
      }
      failures = 0;
      for (const { receiptHandle } of messages) held.add(receiptHandle);
      for (const message of messages) {
        const { receiptHandle } = message;
        const settle = async (send: () => Promise<readonly string[]>): Promise<void> => {
          if (!held.delete(receiptHandle)) return;
          if (await isLost(send, new Outage(visibilityMs, onRetry))) onLost?.(message);
        };
        const ack = () => settle(() => requests.acknowledge([receiptHandle]));
        const nack = (delayMs = 0) => settle(() => requests.putBack([receiptHandle], delayMs));
        let wentOn = false;
        signal?.throwIfAborted();
        try {
          yield { ...message, ack, nack };
          wentOn = true;
        } finally {
          // The visibility timeout puts the message of a failed loop back.
          if (!wentOn) held.delete(receiptHandle);
        }
        await ack();
      }
    }
  } finally {
    clearInterval(extend);
    if (held.size > 0) await requests.putBack([...held], 0).catch(() => undefined);
  }
}

/** A message that was not acknowledged while it was invisible is lost to this receiver, and comes again. */
async function isLost(settle: () => Promise<readonly string[]>, outage: Outage): Promise<boolean> {
  try {
    return (await outage.survive(settle)).length > 0;
  } catch (error) {
    if (isPassing(error)) return true;
    throw error;
  }
}
