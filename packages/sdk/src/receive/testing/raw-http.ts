/** An HTTP client that sends any bytes, and reads replies as RFC 9112 section 6.3 defines. */

import { connect } from "node:net";
import type { Socket } from "node:net";

export interface RawReply {
  readonly status: number;
  /** The names are in lower case; values have one character per byte. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Encodes one byte per character, as in headers. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Returns a whole POST with the right length. */
export function post(path: string, headers: readonly string[], body: Uint8Array): Buffer {
  const head = [`POST ${path} HTTP/1.1`, "Host: localhost", `Content-Length: ${body.length}`, ...headers, "", ""];
  return Buffer.concat([latin1(head.join("\r\n")), body]);
}

/** Returns a whole POST whose body has several chunks. */
export function chunkedPost(path: string, headers: readonly string[], pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat([chunkedHead(path, headers), ...pieces.map(chunk), latin1("0\r\n\r\n")]);
}

export function chunkedHead(path: string, headers: readonly string[]): Buffer {
  return latin1(
    [`POST ${path} HTTP/1.1`, "Host: localhost", "Transfer-Encoding: chunked", ...headers, "", ""].join("\r\n"),
  );
}

export function chunk(piece: Uint8Array): Buffer {
  return Buffer.concat([latin1(`${piece.length.toString(16)}\r\n`), piece, latin1("\r\n")]);
}

/** One connection to a server on the loopback interface. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("end", () => this.#end());
  }

  static async to(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawConnection(socket);
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Ends the sending side and continues to receive. */
  endSending(): void {
    this.#socket.end();
  }

  /** Closes the connection without ending it properly. */
  cut(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Returns the next final reply; null when the connection ends before the reply is complete. */
  async reply(): Promise<RawReply | null> {
    for (;;) {
      const parsed = parse(this.#received, this.#ended);
      if (parsed !== null) {
        this.#received = this.#received.subarray(parsed.length);
        if (parsed.reply.status >= 200) return parsed.reply;
        continue;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Waits until this text has arrived, and skips everything up to its end. */
  async received(text: string): Promise<void> {
    while (!this.#received.includes(`${text}\r\n\r\n`)) {
      if (this.#ended) throw new Error(`the server closed the connection before it said ${text}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#received = this.#received.subarray(this.#received.indexOf(`${text}\r\n\r\n`) + text.length + 4);
  }

  /** Waits until the server has closed its side or the connection is lost. */
  async ended(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/** Sends one request on a new connection. */
export async function sent(port: number, request: Uint8Array): Promise<RawReply> {
  const connection = await RawConnection.to(port);
  try {
    connection.send(request);
    const reply = await connection.reply();
    if (reply === null) throw new Error("the server closed the connection without a reply");
    return reply;
  } finally {
    connection.close();
  }
}

function parse(bytes: Buffer, ended: boolean): { readonly reply: RawReply; readonly length: number } | null {
  const headLength = bytes.indexOf("\r\n\r\n");
  if (headLength === -1) return null;
  const [statusLine = "", ...lines] = bytes.subarray(0, headLength).toString("latin1").split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const rest = bytes.subarray(headLength + 4);
  const body = bodyOf(rest, status, headers, ended);
  if (body === null) return null;
  return { reply: { status, headers, body: new Uint8Array(body.bytes) }, length: headLength + 4 + body.length };
}

interface Body {
  readonly bytes: Buffer;
  /** The number of bytes on the wire. */
  readonly length: number;
}

function bodyOf(rest: Buffer, status: number, headers: Record<string, string>, ended: boolean): Body | null {
  if (status < 200 || status === 204 || status === 304) return { bytes: Buffer.alloc(0), length: 0 };
  if (headers["transfer-encoding"] === "chunked") return chunkedBodyOf(rest);
  const announced = headers["content-length"];
  if (announced === undefined) return ended ? { bytes: rest, length: rest.length } : null;
  const length = Number(announced);
  return rest.length < length ? null : { bytes: rest.subarray(0, length), length };
}

function chunkedBodyOf(rest: Buffer): Body | null {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd === -1) return null;
    const length = Number.parseInt(rest.subarray(at, lineEnd).toString("latin1"), 16);
    const end = lineEnd + 2 + length + 2;
    if (rest.length < end) return null;
    if (length === 0) return { bytes: Buffer.concat(pieces), length: end };
    pieces.push(rest.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = end;
  }
}
