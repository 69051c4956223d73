import type { Static } from "typebox";
import { type envelopeSchema, errorCodes } from "./shape.ts";

export type Envelope = Static<typeof envelopeSchema>;

/** The result of an operation. */
export type AnswerData = Envelope["data"];

/** Members that clients expect. They are empty, because no WeChat account belongs to this server. */
const nobody = { alias: "", isLogin: false, nickName: "", pid: 0, smallHeadImgUrl: "", userName: "" };

/** Values that a response repeats from its request. */
export interface RequestEcho {
  /** The type of the request; 0: the request contained no valid type. */
  readonly type: number;
  /** The server's port that received the request. */
  readonly port: number;
}

export function success({ type, port }: RequestEcho, data: AnswerData): Envelope {
  return { error_code: errorCodes.ok, description: "", data, robot: { ...nobody, port }, type };
}

export function failure({ type, port }: RequestEcho, code: Envelope["error_code"], description: string): Envelope {
  const data = { status: -1, desc: description, cookie: "" };
  return { error_code: code, description, data, robot: { ...nobody, port }, type };
}
