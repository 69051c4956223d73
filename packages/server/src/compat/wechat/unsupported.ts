/** A request that only the original WeChat API can serve. The message names what is supported instead. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}
