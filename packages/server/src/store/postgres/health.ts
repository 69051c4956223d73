import { RingbackError } from "../../domain/errors.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { isSlowness } from "./storage-failure.ts";

/** Whether the database takes writes, as far as the last one tells. */
export class Health {
  #writable = true;
  /** Of `performance.now`. */
  #fullAtMs = -Infinity;
  #onFailure: () => void = () => {};

  /** Told when a write fails after one that did not. */
  onFailure(listener: () => void): void {
    this.#onFailure = listener;
  }

  get writable(): boolean {
    return this.#writable;
  }

  wrote(): void {
    this.#writable = true;
    this.#fullAtMs = -Infinity;
  }

  /** A write that needs no room: on a disk that was full a moment ago it says nothing of those that do. */
  wroteInPlace(): void {
    if (performance.now() - this.#fullAtMs >= postgresLimits.fullMs) this.#writable = true;
  }

  /**
   * Records a failed write. A slow statement is not counted as a failure of the database: only the heartbeat finds out
   * whether writes succeed.
   */
  failed(error: unknown): void {
    if (!isStorageFailure(error) || isSlowness(error)) return;
    if (error.code === "storage_full") this.#fullAtMs = performance.now();
    this.silent();
  }

  /** Records that the database does not answer. */
  silent(): void {
    if (!this.#writable) return;
    this.#writable = false;
    this.#onFailure();
  }
}

export function isStorageFailure(error: unknown): error is RingbackError {
  return error instanceof RingbackError && (error.code === "storage_unavailable" || error.code === "storage_full");
}
