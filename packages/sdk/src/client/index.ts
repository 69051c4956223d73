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
  MessageInput,
  operations,
  paths,
  Problem,
  PublishedMessage,
  PulledMessage,
} from "./api.ts";
export { createClient, hasCode, RingbackClient } from "./client.ts";
export type { ClientOptions, PublishOptions, RawPublishOptions, RequestOptions } from "./client.ts";
export type { EventOptions, RingbackEvent } from "./events.ts";
export type { OnRetry } from "./outage.ts";
export type { ListItem, ListPath } from "./pages.ts";
export { Publisher } from "./publisher.ts";
export type { PublisherOptions } from "./publisher.ts";
export type { HeldMessage, PullOptions } from "./pull.ts";
export type { Fetch } from "./sender.ts";
