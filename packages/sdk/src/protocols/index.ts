export * from "./protocol.ts";
export * from "./hook-protocol.ts";
export * from "./key.ts";
export { cmqJson, cmqSimplified } from "./cmq.ts";
export { raw } from "./raw.ts";
export { findPushProtocol, pushProtocols } from "./registry.ts";
export type { PushProtocolName } from "./registry.ts";
