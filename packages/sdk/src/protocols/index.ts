export * from "./protocol.ts";
export * from "./hook-protocol.ts";
export * from "./key.ts";
export { cmqJson, cmqSimplified } from "./cmq.ts";
export { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
export { findHookProtocol, type HookProtocolName, hookProtocols } from "./hook-registry.ts";
export { BoundedBytes } from "./bounded-bytes.ts";
export { codingFault, contentCoding, decodeContent, type DecodedContent } from "./content-coding.ts";
export { hookJsonLimits } from "./hook-json.ts";
export { jsonHook } from "./json-hook.ts";
export { parseAround } from "./json-reader.ts";
export {
  isJsonSpace,
  JsonFault,
  type JsonLimits,
  JsonScanner,
  noValue,
  type OpaqueMembers,
  type Span,
} from "./json-scan.ts";
export { isJsonType, mediaTypeOf } from "./media-type.ts";
export { type KoiCallbackData, koipy } from "./koipy.ts";
export { mnsJson, mnsSimplified, mnsStringToSign, mnsXml } from "./mns.ts";
export { raw } from "./raw.ts";
export { standardWebhooks } from "./standard-webhooks.ts";
export { standardWebhooksKey, standardWebhooksText } from "./standard-webhooks-key.ts";
export { findPushProtocol, type PushProtocolName, pushProtocols } from "./registry.ts";
export { type BodyFault, readBody } from "./stream-body.ts";
export { wechat, wechatPush, type WechatPush, type WechatPushData } from "./wechat.ts";
