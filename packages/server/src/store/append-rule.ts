import { RingbackError } from "../domain/errors.ts";
import type { AppendRequest } from "./log.ts";

/** Throws for a request that cannot be stored. One such message would fail every publish of the same commit. */
export function assertAppendStorable({ messages }: AppendRequest): void {
  if (messages.length === 0) throw new RingbackError("empty_batch");
  for (const { delayMs } of messages) {
    if (!Number.isSafeInteger(delayMs) || delayMs < 0) {
      throw new RingbackError("internal", `A message's delay is ${delayMs}, which is no number of milliseconds.`);
    }
  }
}
