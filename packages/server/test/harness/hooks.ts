import type { RequestListener } from "node:http";
import { expect } from "vitest";
import type { Api } from "./api.ts";

export interface OutcomeView {
  readonly action: string;
  readonly reason: string | null;
  readonly attachments: readonly {
    kind: string;
    contentType: string | null;
    filename: string | null;
    bodyBase64: string;
  }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read data of every shape
  readonly data: any;
  readonly httpStatus: number | null;
  readonly error: string | null;
}

export function callHook(api: Api, hook: string, body: unknown): Promise<OutcomeView> {
  return api.ok<OutcomeView>("POST", `/v1/hooks/${hook}/call`, { json: body });
}

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/**
 * Behaves like the sample in koipy's document: rejects one user, rejects with an image, and adds a column. Any other
 * request gets an empty answer.
 */
export const koipyCallbacks: RequestListener = (request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const data = JSON.parse(Buffer.concat(pieces).toString()) as {
      message: { from_user?: { username?: string } };
      result: Record<string, unknown[]>;
    };
    switch (request.url ?? "") {
      case "/onMessage":
        if (data.message.from_user?.username?.startsWith("koipybot") === true) {
          response.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end("你已被拉黑!");
        } else response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end();
        break;
      case "/onPreSend":
        response.writeHead(403, {
          "content-type": "image/jpeg",
          "content-disposition": 'attachment; filename="test.jpg"',
        });
        response.end(png);
        break;
      default:
        data.result["NewKey"] = (data.result["节点名称"] ?? []).map(() => "回调新增数据1");
        response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(data));
    }
  });
};

const payload = {
  message: { from_user: { username: "somebody" } },
  config: {},
  slaveRequest: { slave: { id: "local" } },
  result: { 节点名称: ["a", "b"], 类型: ["ss", "vmess"] },
  addons: {},
};

/** Calls the three hooks with koipy's names, and expects the outcomes of koipy's document. */
// oxlint-disable vitest/no-standalone-expect -- called by tests
export async function expectKoipyOutcomes(api: Api): Promise<void> {
  const allowed = await callHook(api, "onMessage", payload);
  expect(allowed).toMatchObject({ action: "continue", data: payload, httpStatus: 200, error: null, attachments: [] });
  const unwanted = { ...payload, message: { from_user: { username: "koipybot1" } } };
  expect(await callHook(api, "onMessage", unwanted)).toMatchObject({
    action: "reject",
    reason: "你已被拉黑!",
    httpStatus: 403,
  });
  const drawn = await callHook(api, "onPreSend", payload);
  expect(drawn).toMatchObject({ action: "reject", httpStatus: 403, error: null });
  expect(drawn.reason).toContain("PNG");
  const added = await callHook(api, "onResult", payload);
  expect(added.data.result).toEqual({ ...payload.result, NewKey: ["回调新增数据1", "回调新增数据1"] });
}
