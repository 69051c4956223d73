import { isDeepStrictEqual } from "node:util";
import { RingbackError } from "../../domain/errors.ts";
import { assertVerification, type InboxVerification } from "../../domain/inbox-verification.ts";
import type { SealedText } from "../../domain/endpoint-access.ts";
import type { Clock } from "../../domain/ports.ts";
import { withSealed } from "../keys/reseal.ts";
import { Sealer, type SealerOptions } from "../keys/sealer.ts";
import { type SenderProof, senderProofs, type SentRequest } from "./sender-proofs.ts";

export interface InboxVerifierOptions extends SealerOptions {
  readonly clock: Pick<Clock, "wall">;
}

/** Seals the secrets of inboxes before they are stored, and verifies requests with them. They are never shown. */
export class InboxVerifier {
  readonly #sealer: Sealer;
  readonly #clock: Pick<Clock, "wall">;
  readonly #proofs = new WeakMap<InboxVerification, Promise<SenderProof | null>>();

  constructor({ clock, ...options }: InboxVerifierOptions) {
    this.#sealer = new Sealer(options);
    this.#clock = clock;
  }

  /**
   * Checks the settings and returns them with sealed secrets. Secrets that are equal to the stored ones keep their
   * stored text, so that equal settings stay equal. Throws `invalid_request`, `master_key_missing` and, if the stored
   * secrets are to be kept and cannot be opened, `key_unavailable`.
   */
  async seal(
    inbox: string,
    verification: InboxVerification,
    stored: InboxVerification | null,
  ): Promise<InboxVerification> {
    assertVerification(verification);
    const { method, secrets: given } = verification;
    const secrets = isSealed(given) ? await this.#open(inbox, given) : given;
    if (secrets === null) throw unavailable(inbox);
    for (const [index, secret] of secrets.entries()) {
      const fault = senderProofs[method].secretFault(secret);
      if (fault !== null) throw RingbackError.at("invalid_request", `verify.secrets[${index}]`, fault);
    }
    return { ...verification, secrets: isSealed(given) ? given : await this.#sealed(inbox, given, stored) };
  }

  /**
   * Throws `signature_invalid` unless the sender knows one of the secrets, and `key_unavailable` if no configured
   * master key opens the secrets.
   */
  async verify(inbox: string, verification: InboxVerification, request: SentRequest): Promise<void> {
    let proof = this.#proofs.get(verification);
    if (proof === undefined) this.#proofs.set(verification, (proof = this.#proofOf(inbox, verification)));
    const isProved = await proof;
    if (isProved === null) throw unavailable(inbox);
    if (!(await isProved(request, this.#clock.wall()))) throw signatureInvalid();
  }

  /** Seals the secrets with the first master key. Returns the same object if they stay as they are. */
  async reseal(inbox: string, verification: InboxVerification): Promise<InboxVerification> {
    const { secrets } = verification;
    if (!isSealed(secrets)) return verification;
    const resealed = await withSealed(secrets, (sealed) => this.#sealer.reseal(sealedName(inbox), sealed));
    return resealed === secrets ? verification : { ...verification, secrets: resealed };
  }

  /** True if a configured master key opens the secrets. */
  opens({ secrets }: InboxVerification): boolean {
    return !isSealed(secrets) || this.#sealer.opens(secrets.sealed);
  }

  async #proofOf(inbox: string, verification: InboxVerification): Promise<SenderProof | null> {
    const { method, secrets } = verification;
    const opened = isSealed(secrets) ? await this.#open(inbox, secrets) : secrets;
    return opened && senderProofs[method].proofOf(opened, verification);
  }

  async #sealed(inbox: string, secrets: readonly string[], stored: InboxVerification | null): Promise<SealedText> {
    this.#sealer.assertSeals();
    const before = stored?.secrets;
    if (before !== undefined && isSealed(before) && this.#sealer.isFresh(before.sealed)) {
      if (isDeepStrictEqual(await this.#open(inbox, before), secrets)) return before;
    }
    const text = Buffer.from(JSON.stringify(secrets));
    const sealed = await this.#sealer.seal(sealedName(inbox), { kty: "oct", k: text.toString("base64url") });
    return { sealed, bytes: text.length };
  }

  async #open(inbox: string, { sealed }: SealedText): Promise<readonly string[] | null> {
    const jwk = await this.#sealer.open(sealedName(inbox), sealed);
    if (jwk?.kty !== "oct") return null;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- authenticated: it is what #sealed wrote
    return JSON.parse(Buffer.from(jwk.k, "base64url").toString()) as string[];
  }
}

/** The same error whatever is wrong, so that a stranger cannot find out which part of a forged request is right. */
export function signatureInvalid(): RingbackError {
  return new RingbackError(
    "signature_invalid",
    "The request has neither an API key that may send to the inbox, nor a signature or a token that the inbox accepts. " +
      "The signature or the token is missing or wrong, or the time of the signature is too far from the server's clock.",
  );
}

function unavailable(inbox: string): RingbackError {
  return new RingbackError(
    "key_unavailable",
    `The secrets with which the inbox "${inbox}" verifies requests cannot be decrypted with the master keys that the server has.`,
  );
}

function isSealed(secrets: InboxVerification["secrets"]): secrets is SealedText {
  return !Array.isArray(secrets);
}

/** Contains a colon, which names of keys cannot contain. So the secrets cannot be opened as a key, nor the reverse. */
function sealedName(inbox: string): string {
  return `inbox-verification:${inbox}`;
}
