import type { Endpoint, PostResult, Transport } from "../port.ts";

const text = new TextEncoder();

export function endpoint(origin: string, changes: Partial<Endpoint> = {}): Endpoint {
  return { origin, path: "/hook", connection: "keep-alive", timeoutMs: 15_000, wholeReplyBytesMax: null, ...changes };
}

/**
 * Sends a POST and returns its result. Fails if a second result comes, or if the result comes before the call returns.
 */
export function post(
  transport: Transport,
  to: Endpoint,
  body: string | Uint8Array = "hello",
  headers: readonly string[] = ["content-type", "text/plain"],
): Promise<PostResult> {
  return new Promise((resolve, reject) => {
    let returned = false;
    let results = 0;
    transport.post(to, headers, typeof body === "string" ? text.encode(body) : body, (result) => {
      results += 1;
      if (!returned) reject(new Error("the result came inside post()"));
      if (results > 1) throw new Error("a second result came");
      resolve(result);
    });
    returned = true;
  });
}

/** Closes the transport at the end of a test, and fails if a socket is still open. */
export async function closeClean(transport: Transport): Promise<void> {
  await transport.close();
  if (transport.openSockets() !== 0) throw new Error(`${transport.openSockets()} sockets are open after close()`);
}

export function bodyText(result: PostResult): string {
  return Buffer.from(result.body).toString("latin1");
}
