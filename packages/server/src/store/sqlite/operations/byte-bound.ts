/** Bytes of message bodies that one step can remove, because freeing a large body takes time for each of its pages. */
export const REMOVED_BYTES_MAX = 16 * 1024 * 1024;

/** Returns the first rows whose total size is within the bound, but at least one row. */
export function withinBytes<T extends { readonly bytes: number }>(rows: readonly T[], bytesMax: number): readonly T[] {
  let bytes = 0;
  const tooMuch = rows.findIndex((row, index) => (bytes += row.bytes) > bytesMax && index > 0);
  return tooMuch === -1 ? rows : rows.slice(0, tooMuch);
}
