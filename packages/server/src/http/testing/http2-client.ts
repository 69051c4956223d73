import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from "node:http2";
import { tlsFixture } from "../../transport/testing/tls-fixture.ts";

export interface Http2Answer {
  /** Zero: the stream ended without a response. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** How the stream ended: `NO_ERROR`, `CANCEL`, `REFUSED_STREAM`, … */
  readonly end: string;
}

/** Opens a session. Its faults are part of the tests, so they are not thrown. */
export async function openSession(port: number, options: object = {}): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { ca: tlsFixture.cert, ...options });
  session.on("error", () => {});
  await once(session, "connect");
  return session;
}

/** Sends a request and reads the whole response. `body`: its pieces; null: the request has none. */
export async function send(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: readonly (string | Uint8Array)[] | null = null,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === null });
  stream.on("error", () => {});
  let status = 0;
  let received: Readonly<Record<string, unknown>> = {};
  stream.on("response", (all) => {
    status = Number(all[":status"]);
    received = all;
  });
  let text = "";
  stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  for (const piece of body ?? []) stream.write(piece);
  if (body !== null) stream.end();
  await new Promise<void>((resolve) => stream.once("close", resolve));
  return { status, headers: received, body: text, end: nameOf(stream.rstCode ?? 0) };
}

const prefix = "NGHTTP2_";

/** Returns the name of an error code of HTTP/2. */
export function nameOf(code: number): string {
  const entry = Object.entries(constants).find(([name, value]) => errorName.test(name) && value === code);
  return entry?.[0].slice(prefix.length) ?? String(code);
}

/** Other constants have the same values. */
const errorName =
  /^NGHTTP2_(?:NO_ERROR|PROTOCOL_ERROR|INTERNAL_ERROR|REFUSED_STREAM|CANCEL|ENHANCE_YOUR_CALM|STREAM_CLOSED|FRAME_SIZE_ERROR)$/;
