import type { Endpoint, PostResult, Transport, TransportErrorCode } from "../../transport/port.ts";

export interface ScriptedPost {
  readonly url: string;
  readonly endpoint: Endpoint;
  /** Values by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A reply, or the error because of which there is no reply. */
export type ScriptedReply =
  | TransportErrorCode
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    };

/** A transport whose replies, and their times, come from a script. It has the same limits as the real transport. */
export function scriptedReplies(
  script: (post: ScriptedPost) => ScriptedReply | Promise<ScriptedReply>,
): Transport & { readonly posts: readonly ScriptedPost[] } {
  const posts: ScriptedPost[] = [];
  return {
    posts,
    post(endpoint, headers, body, done) {
      const post = { url: endpoint.origin + endpoint.path, endpoint, headers: byName(headers), text: textOf(body) };
      posts.push(post);
      void (async () => done(resultOf(await script(post), endpoint)))();
    },
    openSockets: () => 0,
    close: () => Promise.resolve(),
  };
}

function resultOf(reply: ScriptedReply, { wholeReplyBytesMax, takeReplyBytes }: Endpoint): PostResult {
  const nothing = { durationMs: 1, status: 0, headers: {}, body: new Uint8Array(0) };
  if (typeof reply === "string") return { ...nothing, error: reply, errorDetail: detailOf(reply) };
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : (reply.body ?? nothing.body);
  if (body.length > (wholeReplyBytesMax ?? Infinity) || takeReplyBytes?.(body.length) === false) {
    return { ...nothing, error: "reply_too_large" };
  }
  return { durationMs: 1, error: null, status: reply.status, headers: reply.headers ?? {}, body };
}

/** A detail with an address, which only operators may see. */
function detailOf(error: TransportErrorCode): string | null {
  return error === "connect_refused" ? "connect ECONNREFUSED 192.0.2.1:80" : null;
}

function byName(headers: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) named[headers[at]?.toLowerCase() ?? ""] = headers[at + 1] ?? "";
  return named;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
