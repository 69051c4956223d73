/** What a hook may have: the default where it says nothing, and the bounds of what it can say. */
export const hookLimits = {
  /** For the whole call, all of its URLs together. A person waits for the result. */
  timeoutMsDefault: 5_000,
  /** Less than a slow connection's handshake would only ever fail. */
  timeoutMsMin: 100,
  timeoutMsMax: 60_000,
  /** For one reply: a large photograph fits. A call keeps the attachments of up to `urlsMax` of them. */
  replyBytesMaxDefault: 8 * 1024 * 1024,
  replyBytesMaxMin: 1024,
  replyBytesMaxMax: 64 * 1024 * 1024,
  urlsMax: 16,
  urlCharsMax: 2048,
  nameCharsMax: 64,
} as const;
