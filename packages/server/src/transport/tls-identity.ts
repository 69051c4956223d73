import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** The texts are PEM. `checkTlsSettings` has accepted them. */
export interface TlsSettings {
  /** The certificate that Ringback shows to the endpoint, with its chain; null: none. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** The only authorities that are trusted; null: those that Node trusts, and the operator's. */
  readonly ca: string | null;
  /** The name that the endpoint's certificate must have; null: the host of the URL. */
  readonly serverName: string | null;
}

let identities = 0;

/** TLS settings of an endpoint, with their context. Only POSTs with the same object share connections. */
export class TlsIdentity {
  /** Different for each object. */
  readonly id: number = ++identities;
  readonly serverName: string | null;
  readonly #settings: TlsSettings;
  #context: SecureContext | undefined;

  constructor(settings: TlsSettings) {
    this.#settings = settings;
    this.serverName = settings.serverName;
  }

  /** `caPem`: certificates that the operator trusts in addition to Node's. The first call creates the context. */
  context(caPem: string | undefined): SecureContext {
    const { certificate, key, ca } = this.#settings;
    const trusted = ca ?? (caPem === undefined ? null : [...getCACertificates("default"), caPem]);
    this.#context ??= createSecureContext({
      ...(certificate !== null && key !== null && { cert: certificate, key }),
      // Without `ca`, all contexts share Node's own store of certificates.
      ...(trusted !== null && { ca: trusted }),
    });
    return this.#context;
  }
}
