/** Limits of a hook's settings: the default and the range of each. */
export const hookLimits = {
  /** The time limit of the whole call, including all URLs. A person usually waits for the result. */
  timeoutMsDefault: 5_000,
  /** With a shorter limit, a call could time out during the handshake of a slow connection. */
  timeoutMsMin: 100,
  timeoutMsMax: 60_000,
  /** The size limit of one reply; a large photograph fits. A call keeps the attachments of up to `urlsMax` replies. */
  replyBytesMaxDefault: 8 * 1024 * 1024,
  replyBytesMaxMin: 1024,
  replyBytesMaxMax: 64 * 1024 * 1024,
  urlsMax: 16,
  urlCharsMax: 2048,
  nameCharsMax: 64,
} as const;
