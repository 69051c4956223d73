import type { PushProtocol } from "@ringback/sdk/protocols";

/** A message as `…/pull` returns it. */
export interface PulledMessage {
  readonly id: string;
  readonly receiptHandle: string;
  readonly receives: number;
  readonly publishedAt: string;
  readonly contentType: string | null;
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** The local program, and how messages are sent to it. */
export interface Forwarding {
  readonly url: URL;
  readonly protocol: PushProtocol;
  readonly timeoutMs: number;
  /** Further headers: name, value, name, value … */
  readonly headers: readonly string[];
}

export interface SentRequest {
  readonly url: string;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface ReceivedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The first bytes. */
  readonly body: Uint8Array;
}

/** One message of one pull, and its outcome. */
export interface Delivery {
  readonly message: PulledMessage;
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly state:
    | "sending"
    /** The local program has accepted the message, and the server has recorded that. */
    | "accepted"
    /** The message comes again, at `nextAtMs` at the earliest. */
    | "waiting"
    /** The lease ended before the message was acknowledged, so the server delivers it again. */
    | "lost"
    /** The dialect cannot carry the message, so it was acknowledged without a POST. */
    | "skipped"
    /** The user has sent the message once more. The server has not been told. */
    | "resent";
  readonly durationMs: number | null;
  readonly nextAtMs: number | null;
  /** Why the local program did not accept the message, in words. */
  readonly error: string | null;
  readonly request: SentRequest | null;
  readonly reply: ReceivedReply | null;
}

/** Shows a running `listen`. */
export interface ListenReport {
  /** The state of a delivery has changed. The last state of each delivery is not `sending`. */
  delivery(delivery: Delivery): void;
  /** Something that concerns no delivery, such as a server that cannot be reached. */
  notice(text: string): void;
}
