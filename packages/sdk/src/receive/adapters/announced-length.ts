/** Returns the length in a Content-Length header; 0 when the header is missing or invalid. */
export function announcedLength(contentLength: string | undefined | null): number {
  return /^\d{1,15}$/.test(contentLength ?? "") ? Number(contentLength) : 0;
}
