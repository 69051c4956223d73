import { CmqError, MissingParameterError } from "./errors.ts";
import type { Parameters } from "./parameters.ts";
import { cmqLimits } from "./cmq-limits.ts";

export function bodyOf(parameters: Parameters): Uint8Array {
  return bytesOf(parameters.required("msgBody"));
}

/**
 * Returns the bodies of a batch, at least one. Checks only their total size. The topic or queue checks the size of each
 * body.
 */
export function bodiesOf(parameters: Parameters): readonly Uint8Array[] {
  const texts = parameters.list("msgBody", cmqLimits.batchMessagesMax, "batchSize");
  if (texts === null) throw new MissingParameterError("msgBody.0");
  const bodies = texts.map(bytesOf);
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  if (bytes > cmqLimits.batchBytesMax) {
    const limit = `at most ${cmqLimits.batchBytesMax} are allowed`;
    throw new CmqError("totalSize", `the messages have ${bytes} bytes in total; ${limit}`);
  }
  return bodies;
}

function bytesOf(text: string): Uint8Array {
  if (text === "") throw new CmqError("emptyBody");
  return Buffer.from(text, "utf8");
}
