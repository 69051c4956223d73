import type { LoadReport } from "../load/commands.ts";

/** A program that signs as CMQ's SDKs do, in a closed loop of its own. */
export interface CmqLoop {
  readonly origin: string;
  readonly secretId: string;
  readonly secretKey: string;
  /** A topic to publish to, or a queue to work through. */
  readonly name: string;
  readonly bodyBytes: number;
  readonly concurrency: number;
  readonly durationMs: number;
  readonly requestsMax: number;
}

/** The bytes of the answers to a send, a receive and a delete. */
export type AnswerBytes = readonly [send: number, receive: number, remove: number];

export interface CycleReport extends Omit<LoadReport, "ids" | "acceptedMessages"> {
  /** Messages that were sent, received and deleted. */
  readonly cycles: number;
  readonly answerBytes: AnswerBytes;
}

export interface BareCycles extends CmqLoop {
  readonly answerBytes: AnswerBytes;
}

export type CmqCommands = {
  publish(argument: CmqLoop): Promise<LoadReport>;
  /** The same client, which publishes by the native API. */
  publishNatively(argument: CmqLoop): Promise<LoadReport>;
  cycles(argument: CmqLoop): Promise<CycleReport>;
  /** The same requests to a server that does nothing but answer with so many bytes. */
  bareCycles(argument: BareCycles): Promise<CycleReport>;
};
