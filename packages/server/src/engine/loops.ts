import { pushProtocols, type PushProtocol } from "@ringback/sdk/protocols";
import { RingbackError } from "../domain/errors.ts";
import { hopsHeader, readHops } from "../domain/hops.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, Message, MessageId, NewMessage } from "../domain/model.ts";
import type { Store } from "../store/store.ts";
import type { EngineServices } from "./services.ts";

const fixedHeads = new Set(pushProtocols.flatMap(({ fixedHead }: PushProtocol) => fixedHead ?? []));

/** Request ids of dialects with a fixed head contain a mark of this many bits. */
const MARK_BITS = 11;

/**
 * The request id for a dialect with a fixed head, which has no header for the number of hops. The server that sent the
 * request recognises the mark in the id when the request comes back to it. The message's id alone is not enough,
 * because the messages of two Ringback servers have the same ids.
 */
export function markedRequestId(requestId: string, message: Pick<Message, "publishedAtMs">): string {
  return String((BigInt(requestId) << BigInt(MARK_BITS)) | lowestBits(message.publishedAtMs));
}

function lowestBits(value: string | number): bigint {
  return BigInt.asUintN(MARK_BITS, BigInt(value));
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Returns how many pushes and hook calls in a row led to a request: 0 unless a Ringback server has sent it. */
export function hopsOf(store: Store, headers: Headers): number | Promise<number> {
  const given = headers[hopsHeader];
  if (given !== undefined) return readHops(String(given));
  for (const names of fixedHeads) {
    const messageId = headers[names.messageId];
    if (messageId !== undefined) return hopsOfPushed(store, String(messageId), String(headers[names.requestId]));
  }
  return 0;
}

/** If this server has pushed the message, the message itself has the number of earlier hops. */
async function hopsOfPushed(store: Store, messageId: string, requestId: string): Promise<number> {
  if (!/^\d{1,20}$/.test(requestId)) return 0;
  const origin = await store.records.getOrigin(messageId as MessageId);
  return origin !== null && lowestBits(requestId) === lowestBits(origin.publishedAtMs) ? origin.hops + 1 : 0;
}

/** Returns the messages with the number of hops that led to their publish. Most publishes have none. */
export function withHops(messages: readonly NewMessage[], hops: number): readonly NewMessage[] {
  return hops === 0 ? messages : messages.map((message) => ({ ...message, hops }));
}

/**
 * Throws `loop_detected` for a request that comes after too many pushes and hook calls in a row. A loop would otherwise
 * never end, and would multiply its messages if it has branches.
 */
export function assertNoLoop(
  { events, clock }: Pick<EngineServices, "events" | "clock">,
  hops: number,
  target: { readonly accountId: AccountId } & ({ readonly topic: string } | { readonly hook: string }),
): void {
  if (hops < limits.hopsMax) return;
  events.emit({ type: "loop.detected", at: clock.wall(), ...target });
  throw new RingbackError(
    "loop_detected",
    `The request comes after ${limits.hopsMax} pushes or hook calls in a row. Most likely a subscription or a hook ` +
      "sends messages back to where they came from.",
  );
}
