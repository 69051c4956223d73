/**
 * Every error of this API: CMQ's code and module code, the message, and the code of the newer API.
 * docs/reference/cmq.md is generated from this table. `unused` marks a code of CMQ's documentation that this server
 * never returns, and contains the reason.
 */

import type { ErrorCode, RingbackError } from "../../domain/errors.ts";

interface CmqErrorRow {
  readonly code: number;
  readonly module: number;
  readonly message: string;
  /** Code in the newer API (`POST /`). */
  readonly tc3: string;
  /** The reason why the server never returns this code. Absent for codes that the server returns. */
  readonly unused?: string;
}

const gatewayOnly = "only the cloud's own gateway returns it";
const moreExact = "a more exact code is returned";

/**
 * The messages of 10100 and 10200 are the cloud's own, word for word, because programs compare them. The cloud's other
 * messages are not public.
 */
export const cmqErrorTable = {
  invalidRequest: row(4000, 10000, "the request's parameters are not valid", "InvalidParameter", moreExact),
  missingParameters: row(4000, 10010, "required parameters are missing", "MissingParameter", moreExact),
  queueNameFormat: row(4000, 10020, "the queue name has a wrong form", "InvalidParameterValue"),
  invalidParameters: row(4000, 10110, "a parameter is not allowed here", "InvalidParameter"),
  emptyBody: row(4000, 10120, "the message body is empty", "InvalidParameterValue"),
  unknownAction: row(4000, 10280, "there is no such action", "InvalidAction"),
  keyFormat: row(4000, 10310, "the name of a parameter has a wrong form", "InvalidParameter"),
  noSuchParameter: row(4000, 10320, "there is no such parameter", "UnknownParameter", "unknown parameters are ignored"),
  repeatedParameter: row(4000, 10330, "a parameter is given twice", "InvalidParameter"),
  outOfRange: row(4000, 10350, "a value or its length is out of range", "InvalidParameterValue"),
  wrongType: row(4000, 10360, "a parameter has the wrong type", "InvalidParameterValue"),
  batchSize: row(4000, 10370, "an array has too few or too many items", "InvalidParameterValue"),
  notConsecutive: row(4000, 10380, "the indices of an array are not consecutive", "InvalidParameter"),
  missingParameter: row(4000, 10390, "a required parameter is missing", "MissingParameter"),
  missingInUri: row(4000, 10400, "a parameter is missing in the URI", "MissingParameter", moreExact),
  wrongMethod: row(4000, 10410, "only GET and POST are allowed", "UnsupportedProtocol"),
  unreadable: row(4000, 10420, "the request cannot be parsed", "InvalidParameter"),
  tooLarge: row(4000, 10420, "the request is too large", "RequestSizeLimitExceeded"),
  reserved10430: row(4000, 10430, "CMQ does not document its meaning", "InvalidParameter", gatewayOnly),
  reserved10440: row(4000, 10440, "CMQ does not document its meaning", "InvalidParameter", gatewayOnly),
  secretIdForm: row(4000, 10450, "the SecretId does not begin with AKID", "AuthFailure.InvalidSecretId"),
  reserved10461: row(4000, 10461, "CMQ does not document its meaning", "InvalidParameter", gatewayOnly),
  receiptHandleForm: row(4000, 10470, "the receipt handle has a wrong form", "InvalidParameterValue"),
  tooManyFilterTags: row(4000, 10490, "too many filter tags", "InvalidParameterValue"),
  endpointForm: row(4000, 10500, "the endpoint has a wrong form", "InvalidParameterValue"),
  unknownProtocol: row(4000, 10510, "the protocol is neither http nor queue", "InvalidParameterValue"),
  unknownStrategy: row(
    4000,
    10520,
    "the notify strategy is neither BACKOFF_RETRY nor EXPONENTIAL_DECAY_RETRY",
    "InvalidParameterValue",
  ),
  unknownFormat: row(4000, 10530, "the notify content format is neither JSON nor SIMPLIFIED", "InvalidParameterValue"),
  hasSubscriptions: row(4000, 10540, "the topic has subscriptions", "ResourceInUse"),
  topicNameFormat: row(4000, 10580, "the topic name has a wrong form", "InvalidParameterValue"),
  subscriptionNameFormat: row(4000, 10590, "the subscription name has a wrong form", "InvalidParameterValue"),
  nameFormat: row(4000, 10620, "a name has a wrong form", "InvalidParameterValue", moreExact),
  illegalEndpoint: row(4000, 10630, "the endpoint cannot be used", "InvalidParameterValue"),
  queueNeedsSimplified: row(4000, 10640, "a queue needs the format SIMPLIFIED", "InvalidParameterValue"),
  tooManyTagsOld: row(4000, 10670, "too many filter tags", "InvalidParameterValue", "10490 is returned"),
  tooManyBindingKeys: row(4000, 10680, "too many binding keys", "InvalidParameterValue"),
  tooManyDots: row(4000, 10691, "a key has too many dots", "InvalidParameterValue"),
  delayRange: row(4000, 10692, "the delay is out of range", "InvalidParameterValue"),
  routingKeyMissing: row(4000, 10700, "the topic filters by route, so a routing key is required", "MissingParameter"),
  bindingKeyMissing: row(4000, 10710, "the topic filters by route, so a binding key is required", "MissingParameter"),
  tooManyMessageTags: row(4000, 10720, "too many message tags", "InvalidParameterValue"),
  authentication: row(
    4100,
    10030,
    "the request is not signed, or its signature is wrong",
    "AuthFailure.SignatureFailure",
  ),
  authentication10031: row(4100, 10031, "authentication failed", "AuthFailure", gatewayOnly),
  authentication10032: row(4100, 10032, "authentication failed", "AuthFailure", gatewayOnly),
  forbidden: row(4100, 10080, "the API key is not valid for this action", "UnauthorizedOperation"),
  unknownSecretId: row(4100, 10270, "there is no such SecretId", "AuthFailure.SecretIdNotFound"),
  overdue: row(4300, 10040, "the request has expired, or was sent before", "AuthFailure.SignatureExpire"),
  messageSize: row(4400, 10230, "the message is larger than maxMsgSize", "InvalidParameterValue"),
  heapFull: row(4410, 10240, "the queue is full", "LimitExceeded"),
  throttled: row(4420, 10250, "too many requests", "RequestLimitExceeded"),
  invalidReceiptHandle: row(4430, 10260, "the receipt handle has expired, or was never valid", "ResourceNotFound"),
  queueNotFound: row(4440, 10100, "queue is not existed, or deleted", "ResourceNotFound"),
  topicNotFound: row(4440, 10600, "the topic does not exist, or was deleted", "ResourceNotFound"),
  subscriptionNotFound: row(4440, 10600, "the subscription does not exist, or was deleted", "ResourceNotFound"),
  queueLimit: row(4450, 10220, "the account has the maximum number of queues", "LimitExceeded"),
  topicLimit: row(4450, 10610, "the account has the maximum number of topics", "LimitExceeded"),
  exists: row(4460, 10550, "the name is in use; case is ignored", "ResourceInUse"),
  totalSize: row(4470, 10300, "the messages of the batch are too large in total", "InvalidParameterValue"),
  frequency: row(4480, 10460, "the action is called too often", "RequestLimitExceeded", "there is no such limit"),
  subscriptionExists: row(4490, 10470, "the topic has a subscription of this name", "ResourceInUse"),
  subscriptionLimit: row(4500, 10480, "the topic has the maximum number of subscriptions", "LimitExceeded"),
  blankInUrl: row(4510, 10570, "the URL contains spaces", "InvalidParameter", "no HTTP client can send one"),
  gatewayParameter: row(5100, 100004, "a parameter is wrong", "InvalidParameter", gatewayOnly),
  internal: row(6000, 10050, "the server cannot process the request at the moment", "InternalError"),
  partialDelete: row(6010, 10150, "some messages were not deleted; errorList names them", "FailedOperation"),
  reserved10290: row(6020, 10290, "CMQ does not document its meaning", "InternalError", gatewayOnly),
  noSubscription: row(6030, 10650, "the topic has no subscription", "FailedOperation"),
  nothingMatches: row(6030, 10730, "the message matches no subscription's filter", "FailedOperation"),
  nameHeld: row(6040, 10660, "the name was deleted a moment ago", "ResourceUnavailable", "a name is free at once"),
  reserved10740: row(6050, 10740, "CMQ does not document its meaning", "InternalError", gatewayOnly),
  tooManyUnacked: row(6070, 10690, "too many messages were received and not deleted", "LimitExceeded"),
  noMessage: row(7000, 10200, "no message", "ResourceUnavailable"),
} as const satisfies Record<string, CmqErrorRow>;

export type CmqErrorKey = keyof typeof cmqErrorTable;

function row(code: number, module: number, message: string, tc3: string, unused?: string): CmqErrorRow {
  return unused === undefined ? { code, module, message, tc3 } : { code, module, message, tc3, unused };
}

/** An error of this API. `detail` contains nothing of the request except names and limits. */
export class CmqError extends Error {
  override readonly name = "CmqError";
  readonly key: CmqErrorKey;
  /** Further members of the response. */
  readonly members: object;

  constructor(key: CmqErrorKey, detail: string = cmqErrorTable[key].message, members: object = {}) {
    super(detail);
    this.key = key;
    this.members = members;
  }
}

/** A parameter is missing that the request must contain. */
export class MissingParameterError extends CmqError {
  readonly parameter: string;

  constructor(parameter: string) {
    super("missingParameter", `parameter ${parameter} is missing`);
    this.parameter = parameter;
  }
}

/** Maps Ringback's error codes to errors of this API. Codes that are not listed become `internal`. */
const ringbackErrors: Partial<Record<ErrorCode, CmqErrorKey>> = {
  malformed_request: "unreadable",
  origin_not_allowed: "invalidParameters",
  host_not_allowed: "invalidParameters",
  forbidden: "forbidden",
  invalid_api_key: "unknownSecretId",
  too_many_failures: "throttled",
  loop_detected: "invalidParameters",
  invalid_utf8: "unreadable",
  request_too_large: "tooLarge",
  unsupported_media_type: "unreadable",
  invalid_request: "outOfRange",
  invalid_name: "invalidParameters",
  invalid_url: "illegalEndpoint",
  invalid_tag: "outOfRange",
  too_many_tags: "tooManyMessageTags",
  invalid_type: "outOfRange",
  unlisted_type: "invalidParameters",
  invalid_body: "invalidParameters",
  invalid_type_pattern: "outOfRange",
  invalid_retry_policy: "unknownStrategy",
  immutable_field: "invalidParameters",
  topic_not_found: "topicNotFound",
  subscription_not_found: "subscriptionNotFound",
  queue_not_found: "queueNotFound",
  queue_exists: "exists",
  topic_limit: "topicLimit",
  subscription_limit: "subscriptionLimit",
  entry_limit: "queueLimit",
  account_rate_limit: "throttled",
  account_storage_limit: "heapFull",
  body_too_large: "messageSize",
  queue_full: "heapFull",
  too_many_waiters: "throttled",
  too_many_unacknowledged: "tooManyUnacked",
};

/** An internal error keeps its generic message; details are logged only. */
export function cmqErrorOf(error: RingbackError): CmqError {
  const key = ringbackErrors[error.code] ?? "internal";
  return key === "internal" ? new CmqError(key) : new CmqError(key, error.message);
}
