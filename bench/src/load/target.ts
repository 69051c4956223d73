import type { Dispatcher } from "undici";
import type { Tally } from "./tally.ts";

/** A request that is sent repeatedly. */
export interface Target {
  readonly origin: string;
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  readonly body: Uint8Array;
  /** The status that means accepted. */
  readonly okStatus: number;
  readonly messagesPerRequest: number;
  /** Whether the text of the replies is read. The text contains the ids of the accepted messages. */
  readonly readReply: boolean;
}

/** `status` is 0 when there was no reply. */
export type OnReply = (error: (Error & { code?: string }) | null, status: number, text: string) => void;

/** Sends one request with the least CPU time that undici allows. Calls `onReply` exactly once. */
export function sendRequest(pool: Dispatcher, target: Target, body: Uint8Array, onReply: OnReply): void {
  let status = 0;
  let text = "";
  pool.dispatch(
    {
      path: target.path,
      method: "POST",
      headers: target.headers,
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    },
    {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        if (target.readReply) text += chunk.toString("latin1");
      },
      onResponseEnd() {
        onReply(null, status, text);
      },
      onResponseError(_controller, error) {
        onReply(error, 0, "");
      },
    },
  );
}

/** Sends one publish and counts its outcome. Then calls `next` with true if the publish was accepted. */
export function sendCounted(
  pool: Dispatcher,
  target: Target,
  body: Uint8Array,
  tally: Tally,
  next: (accepted: boolean) => void,
): void {
  sendRequest(pool, target, body, (error, status, text) => {
    const accepted = status === target.okStatus;
    if (accepted) tally.accept(target.messagesPerRequest, target.readReply ? idsOf(text) : undefined);
    else tally.refuse(error === null ? String(status) : (error.code ?? error.name));
    next(accepted);
  });
}

function idsOf(text: string): string[] {
  const reply: { id?: string; messages?: { id: string }[] } = JSON.parse(text);
  return reply.messages === undefined ? [String(reply.id)] : reply.messages.map(({ id }) => id);
}
