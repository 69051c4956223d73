import { RingbackError } from "../domain/errors.ts";
import { publishBody } from "./message.ts";

const firstInBatch = "messages[0].";
const members = new Set(Object.keys(publishBody.properties));

/**
 * Returns a function that adapts the field names in an error of the engine to the request, and throws the error. The
 * engine does not know whether a single message was the whole request or the only message of a batch.
 */
export function publishErrorsAt(kind: "single" | "batch"): (error: unknown) => never {
  const fieldOf = kind === "single" ? withoutPrefix : withPrefix;
  return (error) => {
    if (!(error instanceof RingbackError) || error.details.length === 0) throw error;
    const details = error.details.map((detail) => ({ ...detail, field: fieldOf(detail.field) }));
    const [from, to] = [error.details[0]?.field ?? "", details[0]?.field ?? ""];
    const sentence = error.message.startsWith(from) ? to + error.message.slice(from.length) : error.message;
    throw new RingbackError(error.code, sentence, { details, retryAfterS: error.retryAfterS, cause: error });
  };
}

function withoutPrefix(field: string): string {
  return field.startsWith(firstInBatch) ? field.slice(firstInBatch.length) : field;
}

function withPrefix(field: string): string {
  const member = /^\w+/.exec(field)?.[0] ?? "";
  return members.has(member) ? firstInBatch + field : field;
}
