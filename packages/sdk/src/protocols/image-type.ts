/**
 * Detects the type of an image from its bytes. The declared type is not reliable: the sample program in koipy's
 * documentation declares a PNG as image/jpeg. An image without its end marker was cut off, and is rejected. Bytes after
 * the end marker are allowed, because cameras and editors append data that viewers ignore.
 */

export type ImageType = "image/png" | "image/jpeg";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/**
 * The last chunk, which is the same in every PNG: no data, "IEND", and their checksum (PNG third edition, section
 * 11.2.5).
 */
const PNG_END = [0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82];
/** "IEND" as a number. */
const END_CHUNK = 0x49454e44;
/** The start-of-image marker, and the first byte of the next marker (ITU-T T.81, annex B). */
const JPEG_SIGNATURE = [0xff, 0xd8, 0xff];
const JPEG_END = [0xff, 0xd9];
const MARKER = 0xff;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const TEMPORARY = 0x01;

/** Returns null when the bytes are neither a PNG nor a JPEG, or only a part of one. */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  if (holdsAt(bytes, 0, PNG_SIGNATURE)) return pngEnds(bytes) ? "image/png" : null;
  if (holdsAt(bytes, 0, JPEG_SIGNATURE)) return jpegEnds(bytes) ? "image/jpeg" : null;
  return null;
}

function holdsAt(bytes: Uint8Array, at: number, expected: readonly number[]): boolean {
  return at >= 0 && expected.every((byte, offset) => bytes[at + offset] === byte);
}

/**
 * Steps from chunk to chunk (length, type, data, checksum). The bytes of an end chunk inside another chunk's data are
 * skipped.
 */
function pngEnds(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = PNG_SIGNATURE.length;
  while (at + PNG_END.length <= bytes.length) {
    const dataBytes = view.getUint32(at);
    if (view.getUint32(at + 4) === END_CHUNK && holdsAt(bytes, at, PNG_END)) return true;
    at += PNG_END.length + dataBytes;
  }
  return false;
}

function jpegEnds(bytes: Uint8Array): boolean {
  return holdsAt(bytes, bytes.length - JPEG_END.length, JPEG_END) || jpegEndsEarly(bytes);
}

/** Steps from marker to marker. A preview image inside a segment has its own end marker, which is skipped. */
function jpegEndsEarly(bytes: Uint8Array): boolean {
  let at = 2;
  while (at < bytes.length) {
    const marker = bytes[at + 1];
    if (bytes[at] !== MARKER || marker === undefined) return false;
    if (marker === END_OF_IMAGE) return true;
    if (marker === MARKER) at += 1;
    else if (marker === TEMPORARY || isRestart(marker)) at += 2;
    else {
      const segmentBytes = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
      if (segmentBytes < 2) return false;
      at += 2 + segmentBytes;
      if (marker === START_OF_SCAN) at = endOfScan(bytes, at);
    }
  }
  return false;
}

/**
 * Returns the index of the first marker after the coded data. In coded data FF is followed by 00 or by a restart
 * marker, and both belong to the scan.
 */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] !== MARKER) continue;
    const next = bytes[at + 1] ?? 0;
    if (next !== 0x00 && next !== MARKER && !isRestart(next)) return at;
  }
  return bytes.length;
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}
