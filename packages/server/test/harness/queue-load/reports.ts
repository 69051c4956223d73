/** What a receiver tells of itself, one line each, written before it goes on: a kill takes back nothing that was told. */
export type Report =
  | {
      readonly event: "received";
      readonly id: string;
      readonly body: string;
      /** Unix ms of the request and of its answer, by the clock that the server has, too: they are on one machine. */
      readonly askedAtMs: number;
      readonly gotAtMs: number;
      /** Seconds, as the answer says it, rounded down. */
      readonly nextVisibleTime: number;
      readonly dequeueCount: number;
    }
  | { readonly event: "deleting"; readonly id: string }
  | { readonly event: "deleted"; readonly id: string; readonly code: number; readonly atMs: number }
  | { readonly event: "unexpected"; readonly answer: string };

export interface ReceiverOptions {
  readonly url: string;
  readonly secretId: string;
  readonly secretKey: string;
  readonly queueName: string;
  readonly seed: number;
  /** It works on a message for up to so long before it deletes it. */
  readonly workMsMax: number;
  /** The share of messages that it drops and never deletes. */
  readonly dropped: number;
}
