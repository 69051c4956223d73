import type { Members } from "./call.ts";
import { type CmqError, cmqErrorTable } from "./errors.ts";

/** Ids that every response carries. */
export interface ResponseIds {
  readonly requestId: string;
  /** The number that the client has sent, as a text of digits; null: the client sent none. */
  readonly clientRequestId: string | null;
}

export function success(ids: ResponseIds, members: Members): string {
  return answer(ids, 0, "", members);
}

export function failure(ids: ResponseIds, { key, message, members }: CmqError): string {
  const { code, module } = cmqErrorTable[key];
  return answer(ids, code, `(${module})${message}`, { ...members });
}

/**
 * Writes the first members of the JSON as text, because `clientRequestId` may have more digits than a JavaScript number
 * keeps.
 */
function answer({ requestId, clientRequestId }: ResponseIds, code: number, message: string, members: Members): string {
  const echo = clientRequestId === null ? "" : `,"clientRequestId":${clientRequestId}`;
  const rest = JSON.stringify(members);
  const head = `{"code":${code},"message":${JSON.stringify(message)},"requestId":"${requestId}"${echo}`;
  return rest === "{}" ? `${head}}` : `${head},${rest.slice(1)}`;
}

/** Returns null if the text is missing or is not a JSON integer. */
export function clientRequestIdOf(text: string | null): string | null {
  return text !== null && /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? text : null;
}
