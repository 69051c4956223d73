export {
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  LimitError,
  NotFoundError,
  PermissionError,
  RingbackApiError,
  RingbackConnectionError,
  UnavailableError,
} from "./api-error.ts";
export type {
  ApiCall,
  ApiData,
  ApiInit,
  components,
  ErrorCode,
  operations,
  paths,
  Problem,
  PublishedMessage,
  MessageInput,
} from "./api.ts";
export { createClient, hasCode, RingbackClient } from "./client.ts";
export type { ClientOptions, PublishOptions, RequestOptions } from "./client.ts";
export type { Fetch } from "./sender.ts";
