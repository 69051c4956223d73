import { limits } from "../../domain/limits.ts";
import { losslessJson } from "../../domain/lossless-json.ts";

/** How payloads and replies are read and written: ids keep their digits on the whole way. */
export const hookJson = losslessJson(limits.hookPayloadDepthMax);
