import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from "jose";
import type { KeptJwk } from "./jwk-rule.ts";
import type { MasterKey } from "./master-key.ts";

/**
 * A key at rest: a compact JWE (RFC 7516) under a master key, alg dir, enc A256GCM. The key's own name is sealed in with
 * it, so that what is kept under one name cannot be passed off under another.
 */

const algorithms = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };

interface Sealed {
  readonly kid: string;
  readonly jwk: KeptJwk;
}

export function sealKey(kid: string, jwk: KeptJwk, master: MasterKey): Promise<string> {
  const content: Sealed = { kid, jwk };
  return new CompactEncrypt(Buffer.from(JSON.stringify(content)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: master.kid })
    .encrypt(master.bytes);
}

/** Rejects when the text is not what `sealKey` made for this name under this master key; nothing of the key is told. */
export async function openKey(kid: string, sealed: string, master: MasterKey): Promise<KeptJwk> {
  const { plaintext } = await compactDecrypt(sealed, master.bytes, algorithms);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- authenticated: it is what sealKey wrote
  const content = JSON.parse(Buffer.from(plaintext).toString("utf8")) as Sealed;
  if (content.kid !== kid) throw new Error("the sealed key was kept under another name");
  return content.jwk;
}

/** Which master key it is sealed under; null when it cannot be told. */
export function sealedUnder(sealed: string): string | null {
  try {
    return decodeProtectedHeader(sealed).kid ?? null;
  } catch {
    return null;
  }
}
