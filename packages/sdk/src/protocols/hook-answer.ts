/**
 * Checks the answer of a called program before a dialect encodes the answer. Without the check, a misspelt `action`
 * would become "continue".
 */

import { bytesOf } from "./body-bytes.ts";
import { safeFileName } from "./file-name.ts";
import type { Attachment, HookAnswer } from "./hook-protocol.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import { UnencodableError } from "./protocol.ts";

export interface CheckedAnswer {
  readonly action: "continue" | "reject";
  /** Empty when the answer has no reason. */
  readonly reason: string;
  readonly attachments: readonly Attachment[];
  /** The members to merge; null when there are none. */
  readonly data: JsonObject | null;
}

/**
 * Returns the checked answer. Throws {@link UnencodableError} for an answer that neither koipy nor the JSON dialect can
 * send.
 */
export function checkedAnswer({ action, reason, attachments = [], data }: HookAnswer): CheckedAnswer {
  if (action !== "continue" && action !== "reject") throw new UnencodableError('action: not "continue" or "reject"');
  if (reason !== undefined && typeof reason !== "string") throw new UnencodableError("reason: not a string");
  const merging = data ?? null;
  if (merging !== null && !isJsonObject(merging)) throw new UnencodableError("data: not a JSON object");
  if (action === "reject" && attachments.length > 0) {
    throw new UnencodableError("attachments: not allowed in a rejection");
  }
  return { action, reason: reason ?? "", attachments: attachments.map(checkedAttachment), data: merging };
}

function checkedAttachment({ kind, contentType, filename, body }: Attachment, at: number): Attachment {
  if (kind !== "image" && kind !== "text" && kind !== "file") {
    throw new UnencodableError(`attachments[${at}].kind: not "image", "text" or "file"`);
  }
  if (filename !== null && safeFileName(filename) !== filename) {
    throw new UnencodableError(`attachments[${at}].filename: not a file name that is safe on every system`);
  }
  const bytes = bytesOf(body);
  if (bytes === null) throw new UnencodableError(`attachments[${at}].body: neither bytes nor a string`);
  return { kind, contentType, filename, body: bytes };
}
