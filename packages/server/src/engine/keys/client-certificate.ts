import { createPrivateKey, type KeyObject } from "node:crypto";
import { createSecureContext } from "node:tls";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { CertificateFacts } from "../../domain/endpoint-access.ts";
import type { TimeMs } from "../../domain/model.ts";
import { certificatesOf } from "../../transport/secure-context.ts";

const subjectCharsMax = 512;

/** The texts are PEM. The functions throw `invalid_request` with an error that quotes nothing of a key. */

/** `nowMs`: refuses a certificate that has expired by then; null: the time is not checked. */
export function checkCertificate(field: string, pem: string, nowMs: TimeMs | null): void {
  const [own] = certificatesOf(field, pem);
  if (nowMs === null || own.validToDate.getTime() > nowMs) return;
  throw refuse(field, `has expired on ${own.validToDate.toISOString()}`);
}

/** Checks the private key of `certificate`, a certificate that `checkCertificate` has accepted. */
export function checkKey(field: string, pem: string, certificate: string): void {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    const isEncrypted = /-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem);
    throw refuse(
      field,
      isEncrypted ? "is encrypted; give it without a passphrase" : "is no private key in PEM format",
      cause,
    );
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > limits.tlsRsaBitsMax) {
    throw refuse(field, `is longer than ${limits.tlsRsaBitsMax} bits`);
  }
  const [own] = certificatesOf(field, certificate);
  if (!own.checkPrivateKey(key)) {
    throw refuse(field, "does not belong to the certificate; the first certificate of the chain must be its own");
  }
  try {
    createSecureContext({ cert: certificate, key: pem });
  } catch (cause) {
    throw refuse(field, "cannot be used for TLS with the certificate; they may be too weak", cause);
  }
}

/** `pem` is one that `checkCertificate` has accepted. */
export function certificateFacts(pem: string): CertificateFacts {
  const [own] = certificatesOf("certificate", pem);
  const subject = own.subject.split("\n").join(", ").slice(0, subjectCharsMax);
  return { subject, notAfter: own.validToDate.toISOString(), fingerprint: own.fingerprint256 };
}

function refuse(field: string, fault: string, cause?: unknown): RingbackError {
  return new RingbackError("invalid_request", `${field}: ${fault}`, { details: [{ field, message: fault }], cause });
}
