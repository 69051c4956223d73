/** The limits of hook calls, which are part of `limits`. */
export const hookLimits = {
  /**
   * Concurrent hook calls; one hook may use half of them. Each call occupies a connection and holds its payload and
   * replies in memory.
   */
  hookCallsMax: 256,
  /**
   * Memory budget of all hook calls together. When the budget is used up, calls are refused. The memory of an outcome
   * counts until the client has read the outcome.
   */
  hookMemoryBytesMax: 256 * 1024 * 1024,
  /**
   * Memory per byte of JSON in a payload or reply: its text, the parsed value, the next request and the outcome's text.
   * Measured: 13 for a list of `{}`, 40 for a list of `1.0`.
   */
  hookJsonBytesFactor: 16,
  /**
   * Memory per byte of a reply that is an image, a text or a file: for the bytes and for their base64 in the outcome.
   */
  hookAttachmentBytesFactor: 3,
  /**
   * The payload of a call. It exists several times at once: as bytes, as text, in the request and in the response. So a
   * call uses less than 64 MB.
   */
  hookPayloadBytesMax: 4 * 1024 * 1024,
  /** One JSON reply, even if the hook's own limit is higher. Its data becomes part of the payload. */
  hookJsonReplyBytesMax: 4 * 1024 * 1024,
  /** All replies of one call together. */
  hookCallReplyBytesMax: 64 * 1024 * 1024,
} as const;
