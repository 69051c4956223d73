import type { HandlerAddress } from "./address.ts";

/** Error codes of the original API. */
export const errorCodes = {
  ok: 10000,
  invalidJson: 10001,
  /** A parameter is missing or wrong, or the request failed for another reason. */
  invalidParameter: 10002,
  unsupported: 10003,
} as const;

export interface ListedHandler {
  readonly cookie: string;
}

/** The result of an operation. */
export interface AnswerData {
  /** 0: success. Below 0: failure, which `desc` describes. */
  readonly status: number;
  readonly desc: string;
  readonly cookie?: string;
  readonly data?: readonly (ListedHandler & HandlerAddress)[];
}

export interface Envelope {
  readonly error_code: number;
  readonly description: string;
  readonly data: AnswerData;
  readonly robot: typeof nobody & { readonly port: number };
  readonly type: number;
}

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

export function failure({ type, port }: RequestEcho, code: number, description: string): Envelope {
  const data = { status: -1, desc: description, cookie: "" };
  return { error_code: code, description, data, robot: { ...nobody, port }, type };
}
