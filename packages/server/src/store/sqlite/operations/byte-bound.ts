/** Bytes of message bodies that one step of removing may free: each page of a large one is freed by itself. */
export const REMOVED_BYTES_MAX = 16 * 1024 * 1024;

/** The first of these rows, at least one, up to the bound. */
export function withinBytes<T extends { readonly bytes: number }>(rows: readonly T[], bytesMax: number): readonly T[] {
  let bytes = 0;
  const tooMuch = rows.findIndex((row, index) => (bytes += row.bytes) > bytesMax && index > 0);
  return tooMuch === -1 ? rows : rows.slice(0, tooMuch);
}
