import { isIPv6 } from "node:net";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Clock } from "../../domain/ports.ts";

interface Source {
  /** Failures that still count. One is forgotten every `limits.authFailureForgottenMs`. */
  failures: number;
  sinceMs: number;
}

/**
 * Slows down clients that guess tokens and secrets, each by its address. Clients at other addresses, and requests with
 * a token that was used a moment ago, are not affected.
 */
export class FailedAttempts {
  readonly #clock: Pick<Clock, "now">;
  /** By the address. The source whose last failure is the oldest comes first. */
  readonly #sources = new Map<string, Source>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Throws `too_many_failures` after `limits.authFailuresMax` failures in a short time. */
  assertMayTry(address: string): void {
    const source = this.#sources.get(sourceOf(address));
    if (source === undefined || this.#left(source) < limits.authFailuresMax) return;
    throw new RingbackError("too_many_failures");
  }

  failed(address: string): void {
    const key = sourceOf(address);
    const before = this.#sources.get(key);
    const failures = Math.min((before === undefined ? 0 : this.#left(before)) + 1, limits.authFailuresMax);
    this.#sources.delete(key);
    this.#sources.set(key, { failures, sinceMs: this.#clock.now() });
    if (this.#sources.size <= limits.authSourcesMax) return;
    const [oldest] = this.#sources.keys();
    if (oldest !== undefined) this.#sources.delete(oldest);
  }

  #left({ failures, sinceMs }: Source): number {
    const forgotten = Math.floor((this.#clock.now() - sinceMs) / limits.authFailureForgottenMs);
    return Math.max(0, failures - forgotten);
  }
}

/** One client often has all addresses of an IPv6 network with a prefix of 64 bits. */
function sourceOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const given = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - given.length - after)).fill("0");
  return [...given, ...zeros].slice(0, 4).join(":");
}
