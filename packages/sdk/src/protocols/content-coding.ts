/** Decompresses bodies of replies, with a limit for what comes out. */

import { BoundedBytes } from "./bounded-bytes.ts";

export interface DecodedContent {
  /** The decoded bytes, as far as they could be decoded and fit. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** `too_large`: the body is larger than the limit. Otherwise a sentence about what is wrong; null: nothing is. */
  readonly fault: string | null;
}

/**
 * Returns the value of a Content-Encoding header in lower case; null if it says that nothing is encoded. The values of
 * a repeated header form one list.
 */
export function contentCoding(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  const codings = String(header)
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  return codings.length === 0 ? null : codings.join(", ");
}

/** Says that bodies with this coding cannot be decoded; null if they can. */
export function codingFault(coding: string): string | null {
  return decoderOf(coding, new Uint8Array()) === null ? unsupported(coding) : null;
}

function unsupported(coding: string): string {
  return `the reply has the Content-Encoding "${coding}", which is not supported`;
}

/**
 * Decodes a body with the coding gzip, deflate or br (RFC 9110 section 8.4.1). `takeBytes` is called with each number
 * of decoded bytes before they are kept; false ends the decoding as `too_large`. Never rejects.
 */
export async function decodeContent(
  coding: string,
  encoded: Uint8Array,
  bytesMax: number,
  takeBytes: (bytes: number) => boolean = () => true,
): Promise<DecodedContent> {
  const decoded = new BoundedBytes(bytesMax);
  const end = (fault: string | null): DecodedContent => ({ body: decoded.bytes(), fault });
  const decoder = decoderOf(coding, encoded);
  if (decoder === null) return end(unsupported(coding));
  const reader = new Blob([encoded as Uint8Array<ArrayBuffer>]).stream().pipeThrough(decoder).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return end(null);
      if (!takeBytes(value.length) || !decoded.append(value)) {
        void reader.cancel().catch(() => {});
        return end("too_large");
      }
    }
  } catch {
    return end(`the reply's body is not valid ${coding}, as its Content-Encoding says`);
  }
}

type Decoder = ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;

function decoderOf(coding: string, encoded: Uint8Array): Decoder | null {
  const format = formats[coding];
  if (format === undefined) return null;
  const isRaw = format === "deflate" && !hasZlibHeader(encoded);
  try {
    // The type declarations do not contain `brotli` yet.
    return new DecompressionStream((isRaw ? "deflate-raw" : format) as "gzip");
  } catch {
    // Platforms that do not know `brotli`, such as Node before 22.20 and 24.7.
    return null;
  }
}

const formats: Readonly<Record<string, string | undefined>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, string>, {
    gzip: "gzip",
    "x-gzip": "gzip",
    deflate: "deflate",
    br: "brotli",
  }),
);

/** Some servers send `deflate` without the header of zlib that RFC 9110 requires. */
function hasZlibHeader([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
