/**
 * The error for a request that only the original WeChat API can serve. The message lists the supported alternatives.
 */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}
