/**
 * Reports of a receiver, one per line. The receiver writes each report before it continues, so that a kill loses no
 * report.
 */
export type Report =
  | {
      readonly event: "received";
      readonly id: string;
      readonly body: string;
      /**
       * Unix times of the request and of its answer in ms. The server runs on the same machine and has the same clock.
       */
      readonly requestedAtMs: number;
      readonly answeredAtMs: number;
      /** Unix time in seconds, rounded down, as in the answer. */
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
  /** Longest time between the receipt of a message and its deletion. */
  readonly workMsMax: number;
  /** Share of the received messages that the receiver never deletes. */
  readonly dropped: number;
}
