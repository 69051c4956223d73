import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { RingbackError } from "../domain/errors.ts";

const pemCertificate = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * Returns a function that returns the TLS context with Node's default certificates and the operator's. The first call
 * reads the certificates, which takes milliseconds; later calls return the same context. Throws `invalid_request`
 * immediately, not in the returned function, if `caPem` contains no certificate or an invalid one. Node would ignore
 * such a text silently.
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
  if (certificates === null) throw refuse("contains no certificate in PEM format");
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
