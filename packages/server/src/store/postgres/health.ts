import { RingbackError } from "../../domain/errors.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { isSlowness } from "./storage-failure.ts";

/** Whether the database accepts writes, judged by the last write. */
export class Health {
  #writable = true;
  /** Time when a write last failed because the disk was full, by `performance.now`. */
  #fullAtMs = -Infinity;
  #onFailure: () => void = () => {};

  /** Sets the listener that is called when a write fails after a successful one. */
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

  /**
   * Records a successful write that needs no new disk space. Shortly after a write failed on a full disk, such a
   * success does not prove that other writes succeed.
   */
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
