import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { ExchangeKeeping } from "../domain/model.ts";
import type { Exchange } from "../engine/exchanges/exchange.ts";
import type { AttemptRecord } from "../store/records.ts";
import { attemptRecordMembers, attemptRecordView } from "./attempt.ts";
import { cutBodyView } from "./bytes-view.ts";
import { messageBodyMembers } from "./message.ts";
import { about, describedObject, describedShape, namedShape, nullable } from "./schema-parts.ts";

const header = namedShape("ExchangeHeader", {
  name: Type.String({ examples: ["Content-Type"] }),
  value: about("null: the value is a secret of the subscription, which is not kept.", nullable(Type.String())),
});

const bodyMembers = {
  body: about(
    `The first ${limits.exchangeBodyBytesMax} bytes of the body, if they are UTF-8.`,
    messageBodyMembers.body,
  ),
  bodyBase64: messageBodyMembers.bodyBase64,
};

const request = describedShape("ExchangeRequest", "The request as it was sent.", {
  method: about("null for ws, wss, tcp and queues, which get only the body.", nullable(Type.String())),
  url: about("With the parameters that the protocol adds, such as a signature.", Type.String()),
  headers: about(
    "In the order and the case in which they were written. Without a connection, those that it would have added are " +
      "missing.",
    Type.Array(header),
  ),
  ...bodyMembers,
  bodyBytes: about("The size of the whole body.", Type.Integer()),
  truncated: about("True: the body has more bytes than are kept.", Type.Boolean()),
});

const reply = describedShape("ExchangeReply", "The reply as it came; null: none came.", {
  status: Type.Integer(),
  headers: about("In the order and the case in which they came.", Type.Array(header)),
  ...bodyMembers,
  truncated: about("True: the body has more bytes than are kept.", Type.Boolean()),
});

const step = (description: string) => about(description, nullable(Type.Number()));

const timings = describedShape(
  "ExchangeTimings",
  "How long the steps took, in milliseconds. null: the step did not take place, or did not end. A connection that is " +
    "used again has no look-up, opening and handshake. null as a whole for ws, wss, tcp and queues.",
  {
    lookupMs: step("The look-up of the name."),
    connectMs: step("The opening of the TCP connection, and of a tunnel through a proxy."),
    tlsMs: step("The TLS handshake."),
    firstByteMs: step("From the writing of the request to the status of the reply."),
    bodyMs: step("From the status of the reply to its end."),
  },
);

const exchangeSchema = describedObject(
  "The request and the reply, exactly; null: they were not kept, see `notKept`. A compressed reply is shown decompressed.",
  { request, reply: nullable(reply), timings: nullable(timings) },
);

export const notKeptReasons = ["unsent", "none", "sampled", "limit"] as const;
export type NotKept = (typeof notKeptReasons)[number];

export const attemptDetailsSchema = describedShape("AttemptDetails", "An attempt, with its request and its reply.", {
  ...attemptRecordMembers,
  exchange: nullable(exchangeSchema),
  notKept: about(
    "Why there is no request and reply, judged by the present settings; null when there is one. `unsent`: nothing was " +
      "sent. `none`: `push.keepExchanges` is none. `sampled`: it keeps samples, and this attempt is not among them, or its " +
      "time is over. `limit`: it keeps all, but the server had no room for this one, or its time is over.",
    nullable(Type.Enum([...notKeptReasons])),
  ),
});

export function attemptDetailsView(
  record: AttemptRecord,
  exchange: Exchange | null,
  keeping: ExchangeKeeping,
): Static<typeof attemptDetailsSchema> {
  return {
    ...attemptRecordView(record),
    exchange: exchange && exchangeView(exchange),
    notKept: exchange === null ? notKeptReason(record, keeping) : null,
  };
}

function notKeptReason({ status, errorCode }: AttemptRecord, keeping: ExchangeKeeping): NotKept {
  if (status === null && errorCode !== null && unsentCodes.has(errorCode)) return "unsent";
  return keeping === "all" ? "limit" : keeping;
}

const unsentCodes: ReadonlySet<string> = new Set([
  "unencodable",
  "key_unavailable",
  "filter_failed",
  "transform_failed",
]);

function headersOf({ headers }: Pick<Exchange["request"], "headers">) {
  return headers.map(([name, value]) => ({ name, value }));
}

function exchangeView({ request: sent, reply: came, timings: steps }: Exchange): Static<typeof exchangeSchema> {
  const { method, url, body, bodyBytes } = sent;
  return {
    request: {
      method,
      url,
      headers: headersOf(sent),
      ...cutBodyView(body),
      bodyBytes,
      truncated: bodyBytes > body.byteLength,
    },
    reply: came && {
      status: came.status,
      headers: headersOf(came),
      ...cutBodyView(came.body),
      truncated: came.isCut,
    },
    timings: steps,
  };
}
