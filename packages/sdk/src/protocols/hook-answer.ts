/** A called program's answer, checked before a dialect writes it: what is misspelt must not become a "continue". */

import { safeFileName } from "./file-name.ts";
import type { Attachment, HookAnswer } from "./hook-protocol.ts";
import type { JsonObject } from "./hook-json.ts";
import { isJsonObject } from "./hook-json.ts";
import { UnencodableError } from "./protocol.ts";

export interface CheckedAnswer {
  readonly action: "continue" | "reject";
  /** Empty where none was given. */
  readonly reason: string;
  readonly attachments: readonly Attachment[];
  /** null: nothing to merge. */
  readonly data: JsonObject | null;
}

/** Throws {@link UnencodableError} for what neither koipy nor the plain dialect can carry. */
export function checkedAnswer({ action, reason, attachments = [], data }: HookAnswer): CheckedAnswer {
  if (action !== "continue" && action !== "reject") throw new UnencodableError('action: not "continue" or "reject"');
  if (reason !== undefined && typeof reason !== "string") throw new UnencodableError("reason: not a string");
  const merging = data ?? null;
  if (merging !== null && !isJsonObject(merging)) throw new UnencodableError("data: not a JSON object");
  if (action === "reject" && attachments.length > 0) {
    throw new UnencodableError("attachments: those of a rejection would not be shown");
  }
  attachments.forEach(assertAttachment);
  return { action, reason: reason ?? "", attachments, data: merging };
}

function assertAttachment({ kind, filename }: Attachment, at: number): void {
  if (kind !== "image" && kind !== "text" && kind !== "file") {
    throw new UnencodableError(`attachments[${at}].kind: not "image", "text" or "file"`);
  }
  if (filename !== null && safeFileName(filename) !== filename) {
    throw new UnencodableError(`attachments[${at}].filename: not a bare file name that is safe everywhere`);
  }
}
