import type { AttemptVerdict } from "../domain/model.ts";

/** Databases store the index. Append only. */
export const verdictCodes: readonly AttemptVerdict[] = ["accepted", "failed", "error"];
