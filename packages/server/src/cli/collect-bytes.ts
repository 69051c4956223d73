type Stream = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

/** Reads a stream to its end. Returns null if it has more than `bytesMax` bytes. The rest is not read then. */
export async function collectBytes(stream: Stream, bytesMax: number): Promise<Buffer | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    const chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}
