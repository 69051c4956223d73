/** Names of undici's errors for replies that are not HTTP or exceed undici's limits. Node's `fetch` uses undici. */
const notHttp = /^(?:HTTPParserError|HeadersOverflowError|ResponseContentLengthMismatchError)$/;
/** Node's `fetch` reports a plain error for a reply with more than five content encodings. */
const tooManyCodings = "too many content-encodings";

export function isNotHttpError({ name, message }: Error): boolean {
  return notHttp.test(name) || message.startsWith(tooManyCodings);
}
