import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { tlsFixture } from "../../transport/testing/tls-fixture.ts";

/** The types and flags of frames that tests write (RFC 9113 section 6). */
export const frames = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
const endStream = 0x1;
const endHeaders = 0x4;

type FrameType = keyof typeof frames;

/** A frame that the server has sent. */
export interface ReceivedFrame {
  readonly type: FrameType | "other";
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A client that writes frames itself, for what Node's client does not do. */
export class FrameClient {
  readonly socket: TLSSocket;
  readonly received: ReceivedFrame[] = [];
  isClosed = false;
  #rest = Buffer.alloc(0);

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => (this.isClosed = true));
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
  }

  /** Connects and sends the preface, with settings as pairs of identifier and value. */
  static async open(port: number, settings: readonly (readonly [number, number])[] = []): Promise<FrameClient> {
    const socket = connect({ port, host: "127.0.0.1", ca: tlsFixture.cert, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    const client = new FrameClient(socket);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const payload = Buffer.alloc(6 * settings.length);
    for (const [i, [id, value]] of settings.entries()) {
      payload.writeUInt16BE(id, 6 * i);
      payload.writeUInt32BE(value, 6 * i + 2);
    }
    client.write("SETTINGS", 0, payload);
    return client;
  }

  /** `hasBody`: the stream stays open for `data`. */
  request(streamId: number, headers: Readonly<Record<string, string | undefined>>, { hasBody = false } = {}): void {
    const all = { ":method": "GET", ":scheme": "https", ":path": "/healthz", ":authority": "x", ...headers };
    const fields = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [Buffer.from([0]), literal(name), literal(value)],
    );
    this.write("HEADERS", streamId, Buffer.concat(fields), endHeaders | (hasBody ? 0 : endStream));
  }

  data(streamId: number, text: string, { isLast = false } = {}): void {
    this.write("DATA", streamId, Buffer.from(text), isLast ? endStream : 0);
  }

  reset(streamId: number, code = 8): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code);
    this.write("RST_STREAM", streamId, payload);
  }

  write(type: FrameType, streamId: number, payload: Uint8Array, flags = 0): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(frames[type], 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(streamId, 5);
    if (!this.isClosed) this.socket.write(Buffer.concat([head, payload]));
  }

  /** Returns the error codes of the frames RST_STREAM of a stream, or of GOAWAY for stream 0. */
  codes(streamId: number): readonly number[] {
    const type = streamId === 0 ? "GOAWAY" : "RST_STREAM";
    const matching = this.received.filter((frame) => frame.type === type && frame.streamId === streamId);
    return matching.map(({ payload }) => payload.readUInt32BE(streamId === 0 ? 4 : 0));
  }

  /** Returns the body of a response, as far as it has arrived. */
  body(streamId: number): string {
    const pieces = this.received.filter((frame) => frame.type === "DATA" && frame.streamId === streamId);
    return Buffer.concat(pieces.map(({ payload }) => payload)).toString();
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      const number = this.#rest.readUInt8(3);
      const type = (Object.keys(frames) as FrameType[]).find((name) => frames[name] === number) ?? "other";
      const payload = this.#rest.subarray(9, 9 + length);
      this.received.push({ type, streamId: this.#rest.readUInt32BE(5), payload });
      this.#rest = this.#rest.subarray(9 + length);
    }
  }
}

/** A string without compression (RFC 7541 section 5.2), of at most 126 bytes. */
function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}
