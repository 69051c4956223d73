import { limits } from "../../domain/limits.ts";
import { CmqError } from "./errors.ts";
import type { Parameters } from "./parameters.ts";

export function bodyOf(parameters: Parameters): Uint8Array {
  return bytesOf(parameters.required("msgBody"));
}

/** At least one; their topic or queue bounds each, this bounds them together. */
export function bodiesOf(parameters: Parameters): readonly Uint8Array[] {
  const texts = parameters.list("msgBody", limits.cmqBatchMax, "batchSize");
  if (texts === null) throw new CmqError("missingParameter", "parameter msgBody.0 is missing");
  const bodies = texts.map(bytesOf);
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  if (bytes > limits.cmqBatchBytesMax) {
    throw new CmqError("totalSize", `the messages have ${bytes} bytes together; at most ${limits.cmqBatchBytesMax}`);
  }
  return bodies;
}

function bytesOf(text: string): Uint8Array {
  if (text === "") throw new CmqError("emptyBody");
  return Buffer.from(text, "utf8");
}
