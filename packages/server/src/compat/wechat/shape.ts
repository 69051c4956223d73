import { Type } from "typebox";
import { about, whole } from "../../shapes/schema-parts.ts";

/** Error codes of the original API. */
export const errorCodes = {
  ok: 10000,
  invalidJson: 10001,
  /** A parameter is missing or wrong, or the request failed for another reason. */
  invalidParameter: 10002,
  unsupported: 10003,
} as const;

/**
 * Used only for the OpenAPI document. Requests are not checked against this schema, because clients of the original API
 * deviate from it.
 */
export const requestSchema = Type.Object(
  {
    type: about(
      "1001: add a handler. 1002: remove one. 1003: list them. 1006: set the secret. " +
        "A number, or its digits as a string.",
      Type.Integer({ examples: [1001] }),
    ),
    protocol: about(
      "Protocol of a new handler. 1: TCP. 2: HTTP. 3: WebSocket.",
      Type.Optional(Type.Integer({ examples: [2] })),
    ),
    url: about(
      "URL that receives the messages: http or https with protocol 2, ws or wss with protocol 3.",
      Type.Optional(Type.String({ examples: ["http://127.0.0.1:8888/"] })),
    ),
    host: about("Host name or IP address, with protocol 1.", Type.Optional(Type.String())),
    port: about("With protocol 1. A number, or its digits as a string.", Type.Optional(whole(1, 65_535))),
    byteOrder: about(
      "With protocol 1: byte order of the four-byte length in front of each message.",
      Type.Optional(Type.Enum(["big", "little"], { default: "big" })),
    ),
    cookie: about("Cookie of the handler to remove.", Type.Optional(Type.String())),
    newSecretKey: about("The new secret. The empty string removes the secret.", Type.Optional(Type.String())),
    secretKey: about("Required in every request once a secret is set.", Type.Optional(Type.String())),
  },
  { description: "JSON, whatever the content type says. A trailing comma is allowed." },
);

const item = Type.Object({
  cookie: Type.String(),
  protocol: Type.Integer(),
  pcotocol: about("Same as `protocol`. Some clients read this misspelt member.", Type.Integer()),
  url: Type.Optional(Type.String()),
  host: Type.Optional(Type.String()),
  port: Type.Optional(Type.Integer()),
  byteOrder: Type.Optional(Type.Enum(["big", "little"])),
});

export const envelopeSchema = Type.Object(
  {
    error_code: about(
      "10000: success. 10001: not JSON. 10002: a wrong parameter or secret, or another failure. " +
        "10003: not supported.",
      Type.Enum(Object.values(errorCodes)),
    ),
    description: about("The error; empty on success.", Type.String()),
    data: Type.Object({
      status: about("0: success. Below 0: failure, which `desc` describes.", Type.Integer()),
      desc: Type.String(),
      cookie: Type.Optional(Type.String()),
      data: Type.Optional(Type.Array(item)),
    }),
    robot: Type.Object(
      {
        alias: Type.String(),
        isLogin: Type.Boolean(),
        nickName: Type.String(),
        pid: Type.Integer(),
        port: about("The server's port that received the request.", Type.Integer()),
        smallHeadImgUrl: Type.String(),
        userName: Type.String(),
      },
      { description: "Empty members that clients expect: no WeChat account belongs to this server." },
    ),
    type: about("`type` of the request; 0 when it had none.", Type.Integer()),
  },
  { description: "The response to every request, errors included." },
);
