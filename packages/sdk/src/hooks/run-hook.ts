/**
 * Runs one hook call: POSTs to the hook's URLs in order, each with the data merged so far. The call ends when a URL
 * rejects or after the last URL. The SDK and the server both run hooks with this function; each passes a transport of
 * its own.
 */

import type {
  Attachment,
  HookProtocol,
  HookReply,
  HookVerdict,
  JsonCodec,
  OutgoingCall,
} from "../protocols/hook-protocol.ts";
import type { ProtocolKey } from "../protocols/key.ts";
import { type EncodedRequest, UnencodableError } from "../protocols/protocol.ts";
import { withoutAddresses } from "./hidden-address.ts";
import { failureReasons, type HookErrorCode, type Outcome, type PostFailure } from "./outcome.ts";

/** A hook whose settings have been checked; {@link hookLimits} has the ranges. */
export interface HookDefinition {
  readonly urls: readonly string[];
  readonly protocol: HookProtocol;
  /** Time limit of the whole call, including all URLs. */
  readonly timeoutMs: number;
  /**
   * The action when a URL cannot be reached or its reply cannot be used. `continue` calls the next URL with the data so
   * far. A reply whose status rejects is always a rejection, even when the reply is incomplete (koipy, json).
   */
  readonly onError: "continue" | "reject";
  /** null for a dialect without keys. */
  readonly key: ProtocolKey | null;
  /** Size limit of each reply, after decompression. */
  readonly replyBytesMax: number;
}

export interface PostOptions {
  /** Covers name lookup, connecting, headers and body. Greater than 0. */
  readonly timeoutMs: number;
  readonly replyBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** The error of a POST without a whole reply, and the part of the reply that arrived. */
export interface FailedPost {
  readonly error: PostFailure;
  /** The exact cause, in words. */
  readonly detail?: string | null | undefined;
  /**
   * Absent until a status and headers have arrived. The body contains the bytes that arrived before the failure, up to
   * the size limit. The body may end anywhere, and is empty when it cannot be read.
   */
  readonly partial?: HookReply;
}

/**
 * `headers` is a list of name, value, name, value …, as dialects return it. Redirects are not followed. Never rejects.
 */
export type HookPost = (
  url: string,
  headers: readonly string[],
  body: Uint8Array,
  options: PostOptions,
) => Promise<HookReply | FailedPost>;

export interface HookPorts {
  readonly post: HookPost;
  /** Returns the time of a monotonic clock. Its starting point does not matter. */
  nowMs(): number;
  /** Returns a different id for every POST: at most 64 letters, digits and hyphens. */
  requestId(): string;
  readonly json: JsonCodec;
  /** Aborts the call: the POST in flight ends, and no further URL is called. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Never rejects because of a reply or a connection. `payload` is not changed. The outcome's `data` and `payload` share
 * the members that were not merged.
 */
export async function runHook(definition: HookDefinition, payload: unknown, ports: HookPorts): Promise<Outcome> {
  const startedMs = ports.nowMs();
  const attachments: Attachment[] = [];
  let data = payload;
  let httpStatus: number | null = null;
  let failure: Failed | null = null;
  const outcome = (action: Outcome["action"], reason: string | null): Outcome => ({
    action,
    reason,
    attachments,
    data,
    httpStatus,
    durationMs: Math.max(0, Math.round(ports.nowMs() - startedMs)),
    error: failure?.code ?? null,
    errorDetail: failure?.detail ? withoutAddresses(failure.detail, definition.urls) : null,
  });

  for (const url of definition.urls) {
    const leftMs = definition.timeoutMs - (ports.nowMs() - startedMs);
    const result = await callUrl(url, data, leftMs, definition, ports);
    httpStatus = result.httpStatus ?? httpStatus;
    if (result.kind === "failed") {
      failure ??= result;
      if (definition.onError === "reject") return outcome("reject", failureReasons[result.code]);
      if (result.code === "aborted") break;
      continue;
    }
    data = result.data;
    if (result.kind === "reject") return outcome("reject", withoutAddresses(result.reason, definition.urls));
    attachments.push(...result.attachments);
  }
  return outcome("continue", null);
}

type UrlResult = (Exclude<HookVerdict, { kind: "failed" }> & { readonly httpStatus: number }) | Failed;

interface Failed {
  readonly kind: "failed";
  readonly code: HookErrorCode;
  readonly detail: string | null;
  readonly httpStatus: number | null;
}

async function callUrl(
  url: string,
  payload: unknown,
  leftMs: number,
  { protocol, key, replyBytesMax }: HookDefinition,
  ports: HookPorts,
): Promise<UrlResult> {
  const { json, signal } = ports;
  if (signal?.aborted === true) return failed("aborted");
  if (leftMs <= 0) return failed("timeout");
  const call: OutgoingCall = { payload, requestId: ports.requestId(), key, json };
  let request: EncodedRequest;
  try {
    request = await protocol.encode(call);
  } catch (error) {
    if (error instanceof UnencodableError) return failed("unencodable", error.message);
    // An unexpected error is a bug in the dialect.
    throw error;
  }
  const options = { timeoutMs: Math.ceil(leftMs), replyBytesMax, signal };
  const reply = await ports.post(url, request.headers, request.body, options);
  if ("error" in reply) return (await vetoOf(reply.partial, call, protocol)) ?? failed(reply.error, reply.detail);
  const verdict = await protocol.interpret(reply, call);
  return verdict.kind === "failed"
    ? failed(verdict.code, verdict.detail, reply.status)
    : { ...verdict, httpStatus: reply.status };
}

/**
 * Returns a rejection even when the rest of its reply was cut off or cannot be read. As an error, `onError: continue`
 * would turn a veto into an approval. Only the rejection is taken from such a reply. A dialect with keys trusts whole
 * replies only, so its incomplete replies are ignored.
 */
async function vetoOf(
  partial: HookReply | undefined,
  call: OutgoingCall,
  protocol: HookProtocol,
): Promise<UrlResult | null> {
  if (partial === undefined || protocol.keys !== "none") return null;
  const verdict = await protocol.interpret(partial, call);
  return verdict.kind === "reject" ? { ...verdict, httpStatus: partial.status } : null;
}

function failed(code: HookErrorCode, detail: string | null = null, httpStatus: number | null = null): Failed {
  return { kind: "failed", code, detail, httpStatus };
}
