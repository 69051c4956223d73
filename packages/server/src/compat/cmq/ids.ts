/** Returns an id in CMQ's form, derived from the id of the native resource. */
export function cmqId(kind: "topic" | "subsc" | "queue", id: number): string {
  return `${kind}-${id.toString(36).padStart(8, "0")}`;
}

/** Generates request ids of decimal digits, as CMQ does. They are random, so that no id shows how many there were. */
export function requestIds(randomBytes: (count: number) => Uint8Array): () => string {
  return () => String(Buffer.from(randomBytes(8)).readBigUInt64BE()).padStart(20, "0");
}

/** Generates request ids of the newer API: random UUIDs, as the cloud's. */
export function uuids(randomBytes: (count: number) => Uint8Array): () => string {
  return () => {
    const bytes = Buffer.from(randomBytes(16));
    // The version and the variant of RFC 9562, section 5.4.
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
}
