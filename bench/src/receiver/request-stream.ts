/** One whole request of a connection. The bytes are only valid during the call. */
export type RequestSink = (head: string, body: Buffer) => void;

export class MalformedRequest extends Error {
  override readonly name = "MalformedRequest";
}

/** A head or a body past this is not what the benchmark sends. */
export const headBytesMax = 16 * 1024;
export const bodyBytesMax = 2 * 1024 * 1024;

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * Cuts the bytes of one connection into requests, wherever the network cut them into chunks. It knows just enough HTTP
 * for a sender that states a content length, because the receiver must cost little beside what is measured.
 */
export class RequestStream {
  readonly #sink: RequestSink;
  #rest: Buffer | null = null;
  /** How far the rest was searched for the end of a head. */
  #searched = 0;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  /** Returns how many requests became whole. Throws {@link MalformedRequest}; the connection is then of no more use. */
  feed(chunk: Buffer): number {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let searchFrom = this.#searched;
    let start = 0;
    let whole = 0;
    while (start < bytes.length) {
      const headEnd = bytes.indexOf(HEAD_END, searchFrom);
      if (headEnd === -1) break;
      const head = bytes.toString("latin1", start, headEnd);
      const bodyStart = headEnd + HEAD_END.length;
      const bodyEnd = bodyStart + contentLength(head);
      if (bodyEnd > bytes.length) break;
      this.#sink(head, bytes.subarray(bodyStart, bodyEnd));
      whole += 1;
      start = bodyEnd;
      searchFrom = bodyEnd;
    }
    this.#keep(bytes, start);
    return whole;
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

/** A header's value, or null. Names are searched as Ringback and undici write them first, then in any case. */
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
    if (headerValue(head, "transfer-encoding") !== null) throw new MalformedRequest("a body without its length");
    return 0;
  }
  const length = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(length <= bodyBytesMax)) throw new MalformedRequest(`not a length that can be taken: ${value}`);
  return length;
}

/** The path of a request line. */
export function pathOf(head: string): string {
  const start = head.indexOf(" ") + 1;
  const end = head.indexOf(" ", start);
  if (start === 0 || end === -1) throw new MalformedRequest("no request line");
  return head.slice(start, end);
}
