/** Returns an id in CMQ's form, derived from the id of the native resource. */
export function cmqId(kind: "topic" | "subsc" | "queue", id: number): string {
  return `${kind}-${id.toString(36).padStart(8, "0")}`;
}

/** Generates request ids of decimal digits, as CMQ does. They are random, so that no id shows how many there were. */
export function requestIds(randomBytes: (count: number) => Uint8Array): () => string {
  return () => String(Buffer.from(randomBytes(8)).readBigUInt64BE()).padStart(20, "0");
}
