/** PostgreSQL's own writing of an array of texts, for an array of such arrays: those may differ in length only as texts. */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(",")}}`;
}

/** Many byte strings as one parameter, which travels as it is; an array of them would travel as hexadecimal text. */
export function packBytes(parts: readonly (Uint8Array | null)[]): {
  readonly offsets: readonly number[];
  /** null: there was none. */
  readonly sizes: readonly (number | null)[];
  readonly bytes: Buffer;
} {
  const offsets: number[] = [];
  let total = 0;
  for (const part of parts) {
    offsets.push(total);
    total += part?.byteLength ?? 0;
  }
  const sizes = parts.map((part) => part?.byteLength ?? null);
  const bytes = Buffer.concat(parts.filter((part) => part !== null));
  return { offsets, sizes, bytes };
}
