/** Ids in this API's form, of the numbers that things have here: the same at every asking. */
export function cmqId(kind: "topic" | "subsc" | "queue", id: number): string {
  return `${kind}-${id.toString(36).padStart(8, "0")}`;
}

/** Request ids: decimal digits, as CMQ's are, beginning at a place of their own in every process. */
export function requestIds(randomBytes: (count: number) => Uint8Array): () => string {
  const first = Buffer.from(randomBytes(4)).readUInt32BE() + 1;
  let count = 0;
  return () => `${first}${String(count++).padStart(8, "0")}`;
}
