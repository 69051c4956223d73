import { limits } from "../../domain/limits.ts";
import { losslessJson } from "../../domain/lossless-json.ts";

/** Parses and writes payloads and replies without losing digits of large ids. */
export const hookJson = losslessJson(limits.hookPayloadDepthMax);
