// The main module of jose also loads its other formats, which cost 30 ms of every start.
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import type { StoredJwk } from "./jwk-rule.ts";
import type { MasterKey } from "./master-key.ts";

/**
 * Stored keys are compact JWEs (RFC 7516), encrypted with a master key (alg dir, enc A256GCM). The name of a key is
 * encrypted together with the key, so that nobody can move a stored key to another name.
 */

const algorithms = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };

interface Sealed {
  readonly kid: string;
  readonly jwk: StoredJwk;
}

export function sealKey(kid: string, jwk: StoredJwk, master: MasterKey): Promise<string> {
  const content: Sealed = { kid, jwk };
  return new CompactEncrypt(Buffer.from(JSON.stringify(content)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: master.kid })
    .encrypt(master.bytes);
}

/** Rejects unless `sealKey` made this text for this name with this master key. The error quotes nothing of the key. */
export async function openKey(kid: string, sealed: string, master: MasterKey): Promise<StoredJwk> {
  const { plaintext } = await compactDecrypt(sealed, master.bytes, algorithms);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- authenticated: it is what sealKey wrote
  const content = JSON.parse(Buffer.from(plaintext).toString("utf8")) as Sealed;
  if (content.kid !== kid) throw new Error("the sealed key was kept under another name");
  return content.jwk;
}

/** The kid of the master key that sealed the text; null: the text is not a JWE. */
export function sealedUnder(sealed: string): string | null {
  try {
    return decodeProtectedHeader(sealed).kid ?? null;
  } catch {
    return null;
  }
}
