/** Receives one complete request. The bytes of the body are valid during the call only. */
export type OnRequest = (head: string, body: Buffer) => void;

export class MalformedRequest extends Error {
  override readonly name = "MalformedRequest";
}

/** The largest head and the largest body that are accepted. The benchmark sends no larger ones. */
export const headBytesMax = 16 * 1024;
export const bodyBytesMax = 2 * 1024 * 1024;

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * Splits the bytes of one connection into requests, however the network split the bytes into chunks. Only requests with
 * a content length are supported, because the receiver must use little CPU time compared with the measured server.
 */
export class RequestStream {
  readonly #onRequest: OnRequest;
  #rest: Buffer | null = null;
  /** Position in `#rest` up to which the search for the end of a head has found nothing. */
  #searched = 0;

  constructor(onRequest: OnRequest) {
    this.#onRequest = onRequest;
  }

  /** Returns the number of requests that `chunk` completes. After a {@link MalformedRequest}, close the connection. */
  feed(chunk: Buffer): number {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let searchFrom = this.#searched;
    let start = 0;
    let complete = 0;
    while (start < bytes.length) {
      const headEnd = bytes.indexOf(HEAD_END, searchFrom);
      if (headEnd === -1) break;
      const head = bytes.toString("latin1", start, headEnd);
      const bodyStart = headEnd + HEAD_END.length;
      const bodyEnd = bodyStart + contentLength(head);
      if (bodyEnd > bytes.length) break;
      this.#onRequest(head, bytes.subarray(bodyStart, bodyEnd));
      complete += 1;
      start = bodyEnd;
      searchFrom = bodyEnd;
    }
    this.#keep(bytes, start);
    return complete;
  }

  #keep(bytes: Buffer, start: number): void {
    if (start === bytes.length) {
      this.#rest = null;
      this.#searched = 0;
      return;
    }
    const rest = bytes.subarray(start);
    const headEnd = rest.indexOf(HEAD_END);
    if (headEnd === -1 && rest.length > headBytesMax) throw new MalformedRequest("the head is too large");
    this.#rest = rest;
    this.#searched = headEnd === -1 ? Math.max(0, rest.length - HEAD_END.length + 1) : headEnd;
  }
}

/** The value of a header, or null. The search tries the name in lower case first, as most senders write it. */
export function headerValue(head: string, lowerCaseName: string): string | null {
  let at = head.indexOf(`\r\n${lowerCaseName}:`);
  if (at === -1) at = head.toLowerCase().indexOf(`\r\n${lowerCaseName}:`);
  if (at === -1) return null;
  const start = at + lowerCaseName.length + 3;
  const end = head.indexOf("\r\n", start);
  return head.slice(start, end === -1 ? head.length : end).trim();
}

function contentLength(head: string): number {
  const value = headerValue(head, "content-length");
  if (value === null) {
    if (headerValue(head, "transfer-encoding") !== null) throw new MalformedRequest("a body without a content length");
    return 0;
  }
  const length = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(length <= bodyBytesMax)) throw new MalformedRequest(`not a supported content length: ${value}`);
  return length;
}

export function pathOf(head: string): string {
  const start = head.indexOf(" ") + 1;
  const end = head.indexOf(" ", start);
  if (start === 0 || end === -1) throw new MalformedRequest("no request line");
  return head.slice(start, end);
}
