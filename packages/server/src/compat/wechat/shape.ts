import { Type } from "typebox";
import { errorCodes } from "./envelope.ts";

/** Used for the OpenAPI document only; requests are parsed leniently. */
export const requestSchema = Type.Object(
  {
    type: Type.Integer({
      description:
        "1001: add a handler. 1002: remove one. 1003: list them. 1006: set the secret. " +
        "A number, or its digits as a string.",
      examples: [1001],
    }),
    protocol: Type.Optional(
      Type.Integer({ description: "Protocol of a new handler. 1: TCP. 2: HTTP. 3: WebSocket.", examples: [2] }),
    ),
    url: Type.Optional(
      Type.String({
        description: "URL that receives the messages: http or https with protocol 2, ws or wss with protocol 3.",
        examples: ["http://127.0.0.1:8888/"],
      }),
    ),
    host: Type.Optional(Type.String({ description: "Host name or IP address, with protocol 1." })),
    port: Type.Optional(
      Type.Integer({
        description: "With protocol 1. A number, or its digits as a string.",
        minimum: 1,
        maximum: 65_535,
      }),
    ),
    byteOrder: Type.Optional(
      Type.Enum(["big", "little"], {
        default: "big",
        description: "With protocol 1: byte order of the four-byte length in front of each message.",
      }),
    ),
    cookie: Type.Optional(Type.String({ description: "Cookie of the handler to remove." })),
    newSecretKey: Type.Optional(Type.String({ description: "The new secret. The empty string removes the secret." })),
    secretKey: Type.Optional(Type.String({ description: "Required in every request once a secret is set." })),
  },
  { description: "JSON, whatever the content type says. A trailing comma is allowed." },
);

const item = Type.Object({
  cookie: Type.String(),
  protocol: Type.Integer(),
  pcotocol: Type.Integer({ description: "Same as `protocol`. Some clients read this misspelt member." }),
  url: Type.Optional(Type.String()),
  host: Type.Optional(Type.String()),
  port: Type.Optional(Type.Integer()),
  byteOrder: Type.Optional(Type.Enum(["big", "little"])),
});

export const envelopeSchema = Type.Object(
  {
    error_code: Type.Enum(Object.values(errorCodes), {
      description:
        "10000: success. 10001: not JSON. 10002: a wrong parameter or secret, or another failure. " +
        "10003: not supported.",
    }),
    description: Type.String({ description: "The error; empty on success." }),
    data: Type.Object({
      status: Type.Integer({ description: "0: success. Below 0: failure, which `desc` describes." }),
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
        port: Type.Integer({ description: "The server's port that received the request." }),
        smallHeadImgUrl: Type.String(),
        userName: Type.String(),
      },
      { description: "Empty members that clients expect: no WeChat account belongs to this server." },
    ),
    type: Type.Integer({ description: "`type` of the request; 0 when it had none." }),
  },
  { description: "The response to every request, errors included." },
);
