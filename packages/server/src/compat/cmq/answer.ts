import type { Members } from "./call.ts";
import { type CmqError, cmqErrorTable } from "./errors.ts";

/** What every answer carries, beside its own members. */
export interface Asked {
  readonly requestId: string;
  /** As the client sent it, digits and nothing else; null: it did not. */
  readonly clientRequestId: string | null;
}

export function success(asked: Asked, members: Members): string {
  return answer(asked, 0, "", members);
}

export function failure(asked: Asked, { key, message, members }: CmqError): string {
  const { code, module } = cmqErrorTable[key];
  return answer(asked, code, `(${module})${message}`, { ...members });
}

/** Written by hand as far as the client's own number, which may have more digits than a number of JavaScript's. */
function answer({ requestId, clientRequestId }: Asked, code: number, message: string, members: Members): string {
  const echo = clientRequestId === null ? "" : `,"clientRequestId":${clientRequestId}`;
  const rest = JSON.stringify(members);
  const head = `{"code":${code},"message":${JSON.stringify(message)},"requestId":"${requestId}"${echo}`;
  return rest === "{}" ? `${head}}` : `${head},${rest.slice(1)}`;
}

/** null: there is none, or none that is a number in JSON as it stands. */
export function clientRequestIdOf(text: string | null): string | null {
  return text !== null && /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? text : null;
}
