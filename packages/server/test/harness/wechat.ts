import { expect } from "vitest";
import type { RunningServer } from "./server.ts";

export interface WechatAnswer {
  readonly error_code: number;
  readonly description: string;
  readonly data: {
    readonly status: number;
    readonly desc: string;
    readonly cookie?: string;
    readonly data?: readonly WechatHandler[];
  };
  readonly type: number;
}

export interface WechatHandler {
  readonly cookie: string;
  /** The protocol. WeChat's HTTP API misspells the name in the same way. */
  readonly pcotocol: number;
}

/** Sends JSON without a content type, as the official samples do. */
export async function askWechat({ url }: RunningServer, request: object): Promise<WechatAnswer> {
  const response = await fetch(`${url}/api/`, { method: "POST", body: Buffer.from(JSON.stringify(request)) });
  // oxlint-disable-next-line vitest/no-standalone-expect -- called by tests
  expect(response.status).toBe(200);
  return (await response.json()) as WechatAnswer;
}

/** Adds a handler and returns its cookie, which identifies the handler in later requests. */
export async function addHandler(server: RunningServer, handler: object): Promise<string> {
  const { error_code: code, data } = await askWechat(server, { type: 1001, ...handler });
  // oxlint-disable-next-line vitest/no-standalone-expect -- called by tests
  expect([code, data.status]).toEqual([10000, 0]);
  return data.cookie ?? "";
}

export async function listHandlers(server: RunningServer, secretKey?: string): Promise<readonly WechatHandler[]> {
  const { data } = await askWechat(server, { type: 1003, ...(secretKey === undefined ? {} : { secretKey }) });
  return data.data ?? [];
}
