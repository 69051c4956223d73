import type { HandlerAddress } from "./address.ts";

/** The API's own table of errors. */
export const errorCodes = {
  ok: 10000,
  invalidJson: 10001,
  /** A parameter is missing or wrong, "or other": whatever keeps a request that was understood from being done. */
  invalidParameter: 10002,
  unsupported: 10003,
} as const;

export interface ListedHandler {
  readonly cookie: string;
}

/** The business half of an answer. */
export interface AnswerData {
  /** 0: nothing abnormal; below 0: `desc` says what. */
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

/** There is no WeChat account behind this server; clients look for the members all the same. */
const nobody = { alias: "", isLogin: false, nickName: "", pid: 0, smallHeadImgUrl: "", userName: "" };

/** What the answer repeats of its request. */
export interface Asked {
  /** 0 when it did not say. */
  readonly type: number;
  /** Of this server. */
  readonly port: number;
}

export function success({ type, port }: Asked, data: AnswerData): Envelope {
  return { error_code: errorCodes.ok, description: "", data, robot: { ...nobody, port }, type };
}

export function failure({ type, port }: Asked, code: number, description: string): Envelope {
  const data = { status: -1, desc: description, cookie: "" };
  return { error_code: code, description, data, robot: { ...nobody, port }, type };
}
