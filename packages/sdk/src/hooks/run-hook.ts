/**
 * One call of a hook: its URLs in order, each seeing the data merged so far, until one rejects or all have been asked.
 * Programs and the server run their hooks with this, each with a transport of its own.
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
import type { EncodedRequest } from "../protocols/protocol.ts";
import { UnencodableError } from "../protocols/protocol.ts";
import { withoutAddresses } from "./hidden-address.ts";
import type { HookErrorCode, Outcome, PostFailure } from "./outcome.ts";
import { failureReasons } from "./outcome.ts";

/** A hook that has been checked; see {@link hookLimits} for the bounds. */
export interface HookDefinition {
  readonly urls: readonly string[];
  readonly protocol: HookProtocol;
  /** For the whole call, all of its URLs together. */
  readonly timeoutMs: number;
  /**
   * When a URL cannot be asked or its reply cannot be used: go on to the next one with the data so far, or reject. A reply
   * whose status refuses is a rejection in any case, however little of it came (koipy, json).
   */
  readonly onError: "continue" | "reject";
  /** null where the dialect takes none. */
  readonly key: ProtocolKey | null;
  /** For each reply, decoded. */
  readonly replyBytesMax: number;
}

export interface PostOptions {
  /** Covers name lookup, connecting, headers and body; more than 0. */
  readonly timeoutMs: number;
  readonly replyBytesMax: number;
  readonly signal?: AbortSignal;
}

/** Why there is no whole reply, and what there is of one. */
export interface FailedPost {
  readonly error: PostFailure;
  /**
   * Left out until a status and its headers have come. The body is what came before the failure, within the bound: cut
   * off anywhere, and empty where it cannot be read.
   */
  readonly partial?: HookReply;
}

/** Headers are name, value, name, value …, as dialects give them. Follows no redirect. Never rejects. */
export type HookPost = (
  url: string,
  headers: readonly string[],
  body: Uint8Array,
  options: PostOptions,
) => Promise<HookReply | FailedPost>;

export interface HookPorts {
  readonly post: HookPost;
  /** A clock that only goes forward; where it begins does not matter. */
  nowMs(): number;
  /** A new one for every POST; at most 64 of letters, digits and hyphens. */
  requestId(): string;
  readonly json: JsonCodec;
  /** Gives the call up: what is in flight ends, and no further URL is asked. */
  readonly signal?: AbortSignal;
}

/**
 * Never rejects for anything that comes from the wire. `payload` is not changed; the outcome's `data` shares with it what
 * was not merged.
 */
export async function runHook(definition: HookDefinition, payload: unknown, ports: HookPorts): Promise<Outcome> {
  const startedMs = ports.nowMs();
  const attachments: Attachment[] = [];
  let data = payload;
  let httpStatus: number | null = null;
  let error: HookErrorCode | null = null;
  const outcome = (action: Outcome["action"], reason: string | null): Outcome => ({
    action,
    reason,
    attachments,
    data,
    httpStatus,
    durationMs: Math.max(0, Math.round(ports.nowMs() - startedMs)),
    error,
  });

  for (const url of definition.urls) {
    const leftMs = definition.timeoutMs - (ports.nowMs() - startedMs);
    const answer = await ask(url, data, leftMs, definition, ports);
    httpStatus = answer.httpStatus ?? httpStatus;
    if (answer.kind === "failed") {
      error ??= answer.code;
      if (definition.onError === "reject") return outcome("reject", failureReasons[answer.code]);
      if (answer.code === "aborted") break;
      continue;
    }
    data = answer.data;
    if (answer.kind === "reject") return outcome("reject", withoutAddresses(answer.reason, definition.urls));
    attachments.push(...answer.attachments);
  }
  return outcome("continue", null);
}

type Answer =
  | (Exclude<HookVerdict, { kind: "failed" }> & { readonly httpStatus: number })
  | { readonly kind: "failed"; readonly code: HookErrorCode; readonly httpStatus: number | null };

async function ask(
  url: string,
  payload: unknown,
  leftMs: number,
  { protocol, key, replyBytesMax }: HookDefinition,
  ports: HookPorts,
): Promise<Answer> {
  const { json, signal } = ports;
  if (signal?.aborted === true) return failed("aborted");
  if (leftMs <= 0) return failed("timeout");
  const call: OutgoingCall = { payload, requestId: ports.requestId(), key, json };
  let request: EncodedRequest;
  try {
    request = await protocol.encode(call);
  } catch (error) {
    if (error instanceof UnencodableError) return failed("unencodable");
    // A fault of the dialect itself.
    throw error;
  }
  const timeoutMs = Math.ceil(leftMs);
  const options = signal === undefined ? { timeoutMs, replyBytesMax } : { timeoutMs, replyBytesMax, signal };
  const reply = await ports.post(url, request.headers, request.body, options);
  if ("error" in reply) return (await vetoOf(reply.partial, call, protocol)) ?? failed(reply.error);
  const verdict = await protocol.interpret(reply, call);
  return verdict.kind === "failed" ? failed(verdict.code, reply.status) : { ...verdict, httpStatus: reply.status };
}

/**
 * A refusal stands although the rest of its reply was cut off or cannot be read: counted as a failure, which may mean to
 * go on, it would turn a no into a yes. Nothing else is taken from such a reply, and nothing at all from one under a key,
 * which is trusted as a whole or not.
 */
async function vetoOf(
  partial: HookReply | undefined,
  call: OutgoingCall,
  protocol: HookProtocol,
): Promise<Answer | null> {
  if (partial === undefined || protocol.keys !== "none") return null;
  const verdict = await protocol.interpret(partial, call);
  return verdict.kind === "reject" ? { ...verdict, httpStatus: partial.status } : null;
}

function failed(code: HookErrorCode, httpStatus: number | null = null): Answer {
  return { kind: "failed", code, httpStatus };
}
