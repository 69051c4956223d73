/**
 * MD5 (RFC 1321), which the Web Cryptography API does not have. Only for dialects that send MD5 as a checksum: it does
 * not protect against deliberate changes.
 */

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** Rotation distances of the four rounds (section 3.4). The four distances of a round repeat. */
const rotations = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21] as const;

/**
 * The table T of section 3.4. The last digits of a sine differ between engines. These differences do not change the
 * table: none of the 64 products is closer than 0.01 to a whole number.
 */
const sines = Int32Array.from({ length: 64 }, (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32));

interface NodeHash {
  createHash(algorithm: string): { update(bytes: Uint8Array): { digest(encoding: "hex"): string } };
}

/** Node's own MD5, if there is one: for a message of 1 MiB it takes a tenth of the time. */
const nodeHash = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => NodeHash | undefined } }
).process?.getBuiltinModule?.("node:crypto");

/** Returns the digest as 32 lower-case hexadecimal digits. */
export function md5Hex(bytes: Uint8Array): string {
  try {
    if (nodeHash !== undefined) return nodeHash.createHash("md5").update(bytes).digest("hex");
  } catch {
    // Node in FIPS mode has no MD5.
  }
  return portableMd5Hex(bytes);
}

export function portableMd5Hex(bytes: Uint8Array): string {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const restStart = bytes.length - (bytes.length % BLOCK_BYTES);
  absorb(state, bytes.subarray(0, restStart));
  absorb(state, padded(bytes.subarray(restStart), bytes.length));
  let hex = "";
  for (const word of state) {
    for (let shift = 0; shift < 32; shift += 8) hex += ((word >>> shift) & 0xff).toString(16).padStart(2, "0");
  }
  return hex;
}

/** Returns the last bytes with MD5's padding: a one, zeros, and the message's length in bits. */
function padded(rest: Uint8Array, length: number): Uint8Array {
  const blocks = rest.length + 1 + LENGTH_BYTES > BLOCK_BYTES ? 2 : 1;
  const end = new Uint8Array(blocks * BLOCK_BYTES);
  end.set(rest);
  end[rest.length] = 0x80;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - LENGTH_BYTES, length << 3, true);
  view.setUint32(end.length - LENGTH_BYTES / 2, Math.floor(length / 2 ** 29), true);
  return end;
}

/** Uses a variable for each word of the state; destructured arrays would make each step five times as slow. */
function absorb(state: Int32Array, blocks: Uint8Array): void {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let start = 0; start < blocks.length; start += BLOCK_BYTES) {
    const [beforeA, beforeB, beforeC, beforeD] = [a, b, c, d];
    for (let step = 0; step < 64; step++) {
      let mixed = 0;
      let word = 0;
      if (step < 16) {
        mixed = (b & c) | (~b & d);
        word = step;
      } else if (step < 32) {
        mixed = (d & b) | (~d & c);
        word = (5 * step + 1) & 15;
      } else if (step < 48) {
        mixed = b ^ c ^ d;
        word = (3 * step + 5) & 15;
      } else {
        mixed = c ^ (b | ~d);
        word = (7 * step) & 15;
      }
      const sum = (a + mixed + (sines[step] ?? 0) + view.getInt32(start + word * 4, true)) | 0;
      const rotation = rotations[((step >> 4) << 2) | (step & 3)] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << rotation) | (sum >>> (32 - rotation)))) | 0;
    }
    a = (a + beforeA) | 0;
    b = (b + beforeB) | 0;
    c = (c + beforeC) | 0;
    d = (d + beforeD) | 0;
  }
  state.set([a, b, c, d]);
}
