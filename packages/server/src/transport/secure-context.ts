import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { RingbackError } from "../domain/errors.ts";

const pemCertificate = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * The certificates that receivers may be signed by: the usual ones, and the operator's own beside them. Reading them takes
 * milliseconds, so it is done once, for the first connection that needs it. Throws `invalid_request` at once when the
 * operator's text holds no certificate or a broken one, since Node itself would pass over it in silence.
 */
export function trustedContext(caPem: string | undefined): () => SecureContext {
  if (caPem !== undefined) checkCertificates(caPem);
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext(caPem === undefined ? {} : { ca: [...getCACertificates("default"), caPem] });
    return context;
  };
}

function checkCertificates(caPem: string): void {
  const certificates = caPem.match(pemCertificate);
  if (certificates === null) throw refuse("holds no certificate in PEM form");
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch (cause) {
      throw refuse(`certificate ${index + 1} cannot be read`, cause);
    }
  }
}

function refuse(what: string, cause?: unknown): RingbackError {
  const message = `caPem: ${what}`;
  return new RingbackError("invalid_request", message, { details: [{ field: "caPem", message: what }], cause });
}
