import { latin1, post } from "./raw-http.ts";

/** Turns a request as the documentations print it into bytes for a server, with CR LF, a host and the right length. */
export function asPost(printed: string, path = "/callbacks"): Buffer {
  const bytes = Buffer.from(printed);
  const split = bytes.indexOf("\n\n");
  const lines = bytes.subarray(0, split).toString("latin1").split("\n").slice(1);
  const headers = lines.filter((line) => !/^(?:Host|Content-Length):/i.test(line));
  return post(path, headers, bytes.subarray(split + 2));
}

/** Turns a request that a sender's half encoded into bytes for a server. */
export function encodedPost(request: { headers: readonly string[]; body: Uint8Array }, path = "/callbacks"): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < request.headers.length; at += 2)
    lines.push(`${request.headers[at]}: ${request.headers[at + 1]}`);
  return post(path, lines, latin1(Buffer.from(request.body).toString("latin1")));
}
