import { RingbackError } from "../../domain/errors.ts";
import type { AppendRequest, AppendResult } from "../log.ts";
import { appendBytes } from "./append-group.ts";
import { GROUP_BYTES_MAX, WAITING_BYTES_MAX } from "./commit-limits.ts";
import { appendRefusals, appendStatus, type AppendGroupResult } from "./operations/append.ts";

export interface WaitingAppend {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/** Publishes that wait for their commit. */
export class WaitingAppends {
  #appends: WaitingAppend[] = [];
  #bytes = 0;

  get length(): number {
    return this.#appends.length;
  }

  /** Resolves when the publish is durable. Throws `overloaded` when too many bytes wait. */
  add(request: AppendRequest): Promise<AppendResult> {
    const bytes = appendBytes(request);
    if (this.#bytes > 0 && this.#bytes + bytes > WAITING_BYTES_MAX) {
      throw new RingbackError("overloaded", "Too many publishes are waiting for the disk.");
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => this.#appends.push({ request, bytes, resolve, reject }));
  }

  /** Takes the publishes of the next commit. */
  take(): readonly WaitingAppend[] {
    let bytes = 0;
    let count = 0;
    for (const append of this.#appends) {
      if (count > 0 && bytes + append.bytes > GROUP_BYTES_MAX) break;
      bytes += append.bytes;
      count++;
    }
    this.#bytes -= bytes;
    if (count === this.#appends.length) {
      const all = this.#appends;
      this.#appends = [];
      return all;
    }
    return this.#appends.splice(0, count);
  }

  rejectAll(error: Error): void {
    while (this.#appends.length > 0) for (const append of this.take()) append.reject(error);
  }
}

/** Resolves or rejects the publishes of a commit. Calls `appended` for each one that is durable. */
export function resolveAppends(
  appends: readonly WaitingAppend[],
  result: AppendGroupResult,
  appended: (request: AppendRequest, result: AppendResult) => void,
): void {
  for (const [index, { request, resolve, reject }] of appends.entries()) {
    const status = result.status[index] as number;
    const refusal = appendRefusals[status];
    if (refusal !== undefined) {
      reject(new RingbackError(refusal));
      continue;
    }
    const durable: AppendResult = {
      firstSeq: result.firstSeqs[index] as number,
      publishedAtMs: result.publishedAtMs[index] as number,
      replayed: status === appendStatus.replayed,
    };
    appended(request, durable);
    resolve(durable);
  }
}
