import { Type } from "typebox";
import { errorCodes } from "./envelope.ts";

/** For the OpenAPI document; the requests themselves are read leniently. */
export const requestSchema = Type.Object(
  {
    type: Type.Integer({
      description:
        "1001: add a handler. 1002: remove one. 1003: list them. 1006: set the secret. A number, or its digits.",
      examples: [1001],
    }),
    protocol: Type.Optional(
      Type.Integer({ description: "Of a new handler. 1: TCP. 2: HTTP. 3: WebSocket.", examples: [2] }),
    ),
    url: Type.Optional(
      Type.String({
        description: "Where its messages go: http(s) with protocol 2, ws(s) with 3.",
        examples: ["http://127.0.0.1:8888/"],
      }),
    ),
    host: Type.Optional(Type.String({ description: "With protocol 1." })),
    port: Type.Optional(
      Type.Integer({ description: "With protocol 1: a number, or its digits.", minimum: 1, maximum: 65_535 }),
    ),
    byteOrder: Type.Optional(
      Type.Enum(["big", "little"], { default: "big", description: "With protocol 1: of the four bytes of length." }),
    ),
    cookie: Type.Optional(Type.String({ description: "Of the handler to remove." })),
    newSecretKey: Type.Optional(Type.String({ description: "The secret from now on; empty: none." })),
    secretKey: Type.Optional(Type.String({ description: "Needed in every request once a secret is set." })),
  },
  { description: "JSON whatever the content type; a comma may stand behind the last member." },
);

const item = Type.Object({
  cookie: Type.String(),
  protocol: Type.Integer(),
  pcotocol: Type.Integer({ description: "As `protocol`; a client of this API reads it so." }),
  url: Type.Optional(Type.String()),
  host: Type.Optional(Type.String()),
  port: Type.Optional(Type.Integer()),
  byteOrder: Type.Optional(Type.Enum(["big", "little"])),
});

export const envelopeSchema = Type.Object(
  {
    error_code: Type.Enum(Object.values(errorCodes), {
      description: "10000: done. 10001: not JSON. 10002: a parameter, the secret, or other. 10003: not supported.",
    }),
    description: Type.String({ description: "What is wrong; empty when nothing is." }),
    data: Type.Object({
      status: Type.Integer({ description: "0: nothing abnormal. Below 0: see `desc`." }),
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
        port: Type.Integer({ description: "Of this server." }),
        smallHeadImgUrl: Type.String(),
        userName: Type.String(),
      },
      { description: "There is no WeChat account behind this server." },
    ),
    type: Type.Integer({ description: "Of the request; 0 when it did not say." }),
  },
  { description: "Every answer, also to what went wrong." },
);
