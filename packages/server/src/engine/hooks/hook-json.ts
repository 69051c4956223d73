import { limits } from "../../domain/limits.ts";
import { losslessJson } from "../../domain/lossless-json.ts";

/** Parser and writer of payloads and replies, which keep all digits of large ids. */
export const hookJson = losslessJson(limits.hookPayloadDepthMax);
