import { errorTable } from "./errors.ts";
import { limits } from "./limits.ts";

/** The header in which each push and each hook call has its number in a row of pushes and hook calls, from 1. */
export const hopsHeader = "ringback-hops";

/**
 * Reads the header. Only Ringback sends it, so a text that is not a number was changed on the way. Such a text counts
 * as the limit. As an absent header, a loop through the program that changes it would never end.
 */
export function readHops(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : limits.hopsMax;
}

/** True for a Ringback server's `loop_detected`. Other programs may reply 508 as well, so the code decides. */
export function isLoopReply({ status, body }: { readonly status: number; readonly body: Uint8Array }): boolean {
  if (status !== errorTable.loop_detected.status) return false;
  try {
    const problem = JSON.parse(Buffer.from(body).toString()) as { readonly code?: unknown } | null;
    return problem?.code === "loop_detected";
  } catch {
    return false;
  }
}
