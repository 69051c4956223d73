/** The API that this one stands in for can do it; here it has no meaning. The message says what can be done. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}
