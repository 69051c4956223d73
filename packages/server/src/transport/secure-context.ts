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
  if (caPem !== undefined) certificatesOf("caPem", caPem);
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext(caPem === undefined ? {} : { ca: [...getCACertificates("default"), caPem] });
    return context;
  };
}

/**
 * Returns the certificates of a PEM text, of which there is at least one. Throws `invalid_request` for a text without a
 * certificate or with an invalid one.
 */
export function certificatesOf(field: string, pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [own, ...others] = (pem.match(pemCertificate) ?? []).map((certificate, index) => {
    try {
      return new X509Certificate(certificate);
    } catch (cause) {
      throw refuse(field, `certificate ${index + 1} cannot be read`, cause);
    }
  });
  if (own === undefined) throw refuse(field, "contains no certificate in PEM format");
  return [own, ...others];
}

function refuse(field: string, what: string, cause?: unknown): RingbackError {
  const message = `${field}: ${what}`;
  return new RingbackError("invalid_request", message, { details: [{ field, message: what }], cause });
}
