/** Returns the length that a request announces; 0 when it announces none or an invalid one. */
export function announcedLength(contentLength: string | undefined | null): number {
  return /^\d{1,15}$/.test(contentLength ?? "") ? Number(contentLength) : 0;
}
