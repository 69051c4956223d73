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
  const members = formats[coding] === "gzip" ? await membersOf(encoded, bytesMax) : [encoded];
  let fault: string | null = null;
  for (const member of members) {
    fault ??= await decode(coding, member, (piece) => takeBytes(piece.length) && decoded.append(piece));
  }
  return { body: decoded.bytes(), fault };
}

/** Passes the decoded pieces to `take`, which returns false when they are too large. Returns the fault; null: none. */
async function decode(
  coding: string,
  encoded: Uint8Array,
  take: (piece: Uint8Array) => boolean,
): Promise<string | null> {
  const decoder = decoderOf(coding, encoded);
  if (decoder === null) return unsupported(coding);
  const reader = new Blob([encoded as Uint8Array<ArrayBuffer>]).stream().pipeThrough(decoder).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return null;
      if (!take(value)) {
        void reader.cancel().catch(() => {});
        return "too_large";
      }
    }
  } catch {
    return `the reply's body is not valid ${coding}, as its Content-Encoding says`;
  }
}

/** Header and trailer of a gzip member, without its data (RFC 1952 section 2.3). */
const GZIP_BYTES_MIN = 18;
/** Bounds the work for a hostile body in which many bytes look like the start of a member. */
const MEMBER_STARTS_MAX = 16;

/**
 * Splits a gzip body into its members (RFC 1952 section 2.2). `DecompressionStream` decodes only one member, and does
 * not report where the member ends. A member ends before the next bytes that look like the start of one, if the bytes
 * up to there are a whole member. All tests together decode up to `bytesMax` bytes. Beyond the limits, the rest of the
 * body is returned as one member.
 */
async function membersOf(encoded: Uint8Array, bytesMax: number): Promise<Uint8Array[]> {
  const members: Uint8Array[] = [];
  let start = 0;
  let bytesLeft = bytesMax;
  let next = memberStart(encoded, GZIP_BYTES_MIN);
  for (let tried = 0; next !== -1 && tried < MEMBER_STARTS_MAX; tried++) {
    const member = encoded.subarray(start, next);
    const fault = await decode("gzip", member, ({ length }) => (bytesLeft -= length) >= 0);
    if (fault === null) {
      members.push(member);
      start = next;
    }
    next = memberStart(encoded, fault === null ? next + GZIP_BYTES_MIN : next + 1);
  }
  return [...members, encoded.subarray(start)];
}

/** Returns the index of the next bytes that look like the start of a gzip member; -1: there are none. */
function memberStart(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0x1f, from);
  while (at !== -1 && !(bytes[at + 1] === 0x8b && bytes[at + 2] === 8 && (bytes[at + 3] ?? 0xff) < 0x20)) {
    at = bytes.indexOf(0x1f, at + 1);
  }
  return at;
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
