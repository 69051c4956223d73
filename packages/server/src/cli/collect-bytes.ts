import { BoundedBytes } from "@ringback/sdk/protocols";

type Stream = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

/** Reads a stream to its end. Returns null if it has more than `bytesMax` bytes. The rest is not read then. */
export async function collectBytes(stream: Stream, bytesMax: number): Promise<Buffer | null> {
  const collected = new BoundedBytes(bytesMax);
  for await (const piece of stream) {
    if (!collected.append(typeof piece === "string" ? Buffer.from(piece) : piece)) return null;
  }
  const { buffer, byteOffset, byteLength } = collected.bytes();
  return Buffer.from(buffer, byteOffset, byteLength);
}
