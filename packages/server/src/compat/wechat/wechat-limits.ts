/** Limits of the WeChat HTTP API. The unit is in the name. */
export const wechatLimits = {
  handlersMax: 100,
  /** The size of a request. Valid requests have a few short members. */
  requestBytesMax: 64 * 1024,
  /** Bytes of request bodies that are still arriving, over all connections. */
  requestBytesArrivingMax: 8 * 1024 * 1024,
  secretCharsMax: 256,
  /** Pending requests that add a handler, and pending checks of a secret. Each kind runs one at a time. */
  pendingMax: 32,
} as const;
