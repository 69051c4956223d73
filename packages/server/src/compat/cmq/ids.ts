/** Returns an id in CMQ's form, derived from the id of the native resource. */
export function cmqId(kind: "topic" | "subsc" | "queue", id: number): string {
  return `${kind}-${id.toString(36).padStart(8, "0")}`;
}

/** Generates request ids of decimal digits, as CMQ does. Each process starts at a random number. */
export function requestIds(randomBytes: (count: number) => Uint8Array): () => string {
  const first = Buffer.from(randomBytes(4)).readUInt32BE() + 1;
  let count = 0;
  return () => `${first}${String(count++).padStart(8, "0")}`;
}
