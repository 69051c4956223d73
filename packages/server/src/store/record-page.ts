/** Returns null when no record can have this id. */
export function toRecordId(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
