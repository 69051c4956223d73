import type { GivenBody } from "../../format/body.ts";

/** Bytes as text where they are UTF-8, otherwise in Base64. */
export function bodyOf(bytes: Uint8Array): GivenBody {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { bodyBase64: btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join("")) };
  }
}
