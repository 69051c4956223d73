import { CautiousClock } from "../../domain/clock-rules.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Access, Caller } from "../../engine/access/access.ts";
import { CmqError, MissingParameterError } from "./errors.ts";
import type { Parameters } from "./parameters.ts";
import { SeenRequests } from "./seen-requests.ts";
import { algorithmOf, verifiedSignature, type SignedRequest } from "./signature.ts";
import { Tc3Replays, type Tc3SignedCall } from "./tc3-replays.ts";

export interface AuthenticationOptions {
  readonly access: Pick<Access, "secretOf" | "identityOf" | "callerWith" | "checked" | "keyWatch">;
  readonly clock: Clock;
  /** Largest difference between a request's timestamp and this server's time, in either direction. */
  readonly timestampWindowMs: number;
  readonly refuseReplays: boolean;
}

/** Verifies the signature of a request, and checks that the request is recent and not a replay. */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #seen = new SeenRequests();
  readonly #replays = new Tc3Replays(this.#seen);
  /** After a step ahead of the clock that is corrected soon, requests from before are still refused as replays. */
  readonly #forgetting: CautiousClock;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.#forgetting = new CautiousClock(options.clock, null);
  }

  /**
   * Returns the owner of the key that has signed the request. `source` is the address of the client. Throws `CmqError`
   * when the request is refused, and `too_many_failures`.
   */
  async check(request: SignedRequest, parameters: Parameters, source: string): Promise<Caller> {
    const secretId = parameters.text("SecretId");
    const signature = parameters.text("Signature");
    if (secretId === null || signature === null) throw new CmqError("authentication", "the request is not signed");
    if (algorithmOf(request.form.get("SignatureMethod")) === null) {
      throw new CmqError("outOfRange", "parameter SignatureMethod must be HmacSHA1 or HmacSHA256");
    }
    const timestamp = parameters.anyInteger("Timestamp");
    if (timestamp === null) throw new MissingParameterError("Timestamp");
    const nonce = parameters.text("Nonce");
    if (nonce === null) throw new MissingParameterError("Nonce");
    // The Python SDK's nonces have up to 19 digits.
    if (!/^\d{1,20}$/.test(nonce)) throw new CmqError("wrongType", "parameter Nonce must be a whole number");
    const verified = await this.verified(secretId, source, (secretKey) => verifiedSignature(secretKey, request));
    this.assertInTime(timestamp);
    const { timestampWindowMs, refuseReplays } = this.#options;
    if (!refuseReplays) return this.callerOf(secretId);
    const isNew = this.#seen.add(verified, timestamp * 1000, this.#forgetting.now(), timestampWindowMs);
    if (!isNew) throw new CmqError("overdue", "this request was sent before; sign it again with a new Nonce");
    return this.callerOf(secretId);
  }

  /** Runs a call of the newer API, unless it is a replay. */
  runOnce<T>(call: Tc3SignedCall, run: () => Promise<T>): Promise<T> {
    const { timestampWindowMs, refuseReplays } = this.#options;
    return refuseReplays ? this.#replays.runOnce(call, this.#forgetting.now(), timestampWindowMs, run) : run();
  }

  /**
   * Verifies a signature with the SecretKey of `secretId`, and returns the result of `verify`, which is null for a
   * wrong signature. Clients that send wrong signatures and unknown SecretIds are slowed down. A wrong clock is no such
   * failure, because `assertInTime` refuses it. Throws `CmqError` and `too_many_failures`.
   */
  verified<T>(
    secretId: string,
    source: string,
    verify: (secretKey: Uint8Array) => Promise<T | null> | T | null,
  ): Promise<T> {
    const { access } = this.#options;
    const check = async (): Promise<T> => {
      const secretKey = await access.secretOf(secretId);
      if (secretKey === null) throw unknown(secretId);
      const verified = await verify(secretKey);
      if (verified === null) throw new CmqError("authentication", "the signature does not match the request");
      return verified;
    };
    return access.checked(source, check, (error) => error instanceof CmqError);
  }

  /** For a key that has signed a request. */
  async callerOf(secretId: string): Promise<Caller> {
    const { access } = this.#options;
    const identity = await access.identityOf(secretId);
    if (identity === null) throw unknown(secretId);
    return access.callerWith(identity, null);
  }

  assertInTime(timestampS: number): void {
    const { clock, timestampWindowMs } = this.#options;
    if (Math.abs(timestampS * 1000 - clock.wall()) <= timestampWindowMs) return;
    throw new CmqError("overdue", `the timestamp is more than ${timestampWindowMs / 1000} s from this server's time`);
  }
}

function unknown(secretId: string): CmqError {
  return new CmqError(secretId.startsWith("AKID") ? "unknownSecretId" : "secretIdForm");
}
