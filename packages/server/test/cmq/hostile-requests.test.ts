/**
 * Real: the server as a process, HTTP without an SDK. Nothing is faked. CMQ's API answers every request in its own
 * form, keeps serving, and logs nothing of the request. Random input comes from fast-check.
 */
import { request } from "node:http";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeKeyPair, withMasterKey } from "../harness/cmq/account.ts";
import type { KeyPair } from "../harness/cmq/account.ts";
import { SignedCaller, apiPath, signedForm } from "../harness/cmq/signed-caller.ts";
import type { CmqAnswer } from "../harness/cmq/signed-caller.ts";
import { temporaryFolder } from "../harness/folder.ts";
import type { TemporaryFolder } from "../harness/folder.ts";
import { Server } from "../harness/server.ts";

let folder: TemporaryFolder;
let server: Server;
let pair: KeyPair;
/** Texts that must appear nowhere: secrets, and every signature that was sent. */
const secrets = new Set<string>();

beforeAll(async () => {
  folder = await temporaryFolder();
  const env = withMasterKey();
  server = await Server.start({ folder: folder.path, env });
  pair = await makeKeyPair(server.api);
  secrets.add(env["RINGBACK_MASTER_KEY"] ?? "").add(pair.secretKey);
});
afterAll(async () => {
  await server.kill();
  await folder[Symbol.asyncDispose]();
});

const form = "application/x-www-form-urlencoded";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string | null;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send({ method = "POST", path = apiPath, type = form, body = "", headers = {} }: Sent) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const all = { ...(type !== null && { "content-type": type }), ...headers };
  const sent = request(server.url + path, { method, headers: all }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
  });
  sent.on("error", reject).end(body);
  return promise;
}

async function answerTo(what: Sent): Promise<CmqAnswer> {
  const { status, text } = await send(what);
  expect(status).toBe(200);
  return JSON.parse(text) as CmqAnswer;
}

/** Returns a signed form. Adds its signature to the texts that must appear nowhere. */
function signed(action: string, parameters: Readonly<Record<string, string | number>> = {}, by = pair): string {
  const text = signedForm(by, new URL(server.url).host, action, parameters);
  const signature = new URLSearchParams(text).get("Signature") ?? "";
  secrets.add(signature).add(encodeURIComponent(signature));
  return text;
}

const isRefusal = { code: expect.toSatisfy((code) => code >= 4000), message: expect.stringMatching(/^\(\d{5}\)/) };

describe("the CMQ API", () => {
  it("answers random bytes with one of its codes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
        expect(await answerTo({ body })).toMatchObject(isRefusal);
      }),
      { numRuns: 100 },
    );
  });

  it("answers random parameters of a well-signed request with one of its codes or a proper answer", async () => {
    const actions = [
      "CreateQueue",
      "SendMessage",
      "ReceiveMessage",
      "Subscribe",
      "ListTopic",
      "BatchDeleteMessage",
      "SetQueueAttributes",
    ];
    const names = [
      "queueName",
      "topicName",
      "msgBody",
      "msgBody.0",
      "receiptHandle.0",
      "limit",
      "endpoint",
      "filterTag.1",
      "__proto__",
      "constructor",
    ];
    const value = fc.oneof(
      fc.string({ maxLength: 40, unit: "binary" }),
      fc.integer().map(String),
      fc.constantFrom("true", "null", "-1", "1e9", "q"),
    );
    const parameters = fc.dictionary(
      fc.constantFrom(...names),
      value.filter((text) => text.isWellFormed()),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...actions), parameters, async (action, given) => {
        const answer = await answerTo({ body: signed(action, given) });
        expect(answer).toMatchObject({ code: expect.any(Number), requestId: expect.stringMatching(/^\d+$/) });
        // Any error code is an acceptable answer here, except the code of an internal error.
        expect(answer.code).not.toBe(6000);
      }),
      { numRuns: 150 },
    );
  });

  it("treats the names of prototype members as unknown", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(await answerTo({ body: signed(name) })).toMatchObject({
        code: 4000,
        message: expect.stringMatching(/^\(10280\)/),
      });
      expect(await answerTo({ body: signed("ListQueue", { [name]: "x", [`${name}.0`]: "x" }) })).toMatchObject({
        code: 0,
      });
      expect((await answerTo({ body: signed("GetQueueAttributes", { queueName: name }) })).code).toBeGreaterThan(0);
    }
    const untouched: object = {};
    expect(Object.keys(untouched)).toEqual([]);
  });

  it("refuses a hundred thousand parameters without reading them all", async () => {
    const body = Array.from({ length: 100_000 }, (_, index) => `p${index}=1`).join("&");
    expect(await answerTo({ body })).toMatchObject({ code: 4000, message: expect.stringMatching(/^\(10420\)/) });
  });

  it.each(["application/json", "multipart/form-data; boundary=x", "text/plain", "nonsense"])(
    "reads a POST of %s as a form",
    async (type) => {
      expect(await answerTo({ type, body: signed("ListQueue") })).toMatchObject({ code: 0 });
      expect(await answerTo({ type, body: "{}" })).toMatchObject({ code: 4100 });
    },
  );

  it("accepts a form whose content type has parameters, or is missing", async () => {
    for (const type of [`${form}; charset=UTF-8`, form.toUpperCase(), null]) {
      expect(await answerTo({ type, body: signed("ListQueue") })).toMatchObject({ code: 0 });
    }
  });

  it("refuses a replayed request, also by another method", async () => {
    const body = signed("ListQueue");
    expect(await answerTo({ body })).toMatchObject({ code: 0 });
    const again = { code: 4300, message: expect.stringMatching(/^\(10040\)/) };
    expect(await answerTo({ body })).toMatchObject(again);
    // The same parameters in another order are the same request.
    expect(await answerTo({ body: body.split("&").toReversed().join("&") })).toMatchObject(again);
    // The signature covers the method.
    expect(await answerTo({ method: "GET", type: null, path: `${apiPath}?${body}` })).toMatchObject({ code: 4100 });
  });

  it("refuses a request in which one signed letter was changed", async () => {
    using caller = new SignedCaller(server.url, pair);
    await caller.ok("CreateQueue", { queueName: "precious" });
    const body = signed("DeleteQueue", { queueName: "precioux" }).replace("precioux", "precious");
    expect(await answerTo({ body })).toMatchObject({ code: 4100, message: expect.stringMatching(/^\(10030\)/) });
    expect((await caller.ok("ListQueue", { searchWord: "precious" }))["totalCount"]).toBe(1);
  });

  it("refuses a revoked key at once", async () => {
    const other = await makeKeyPair(server.api, "to be revoked");
    secrets.add(other.secretKey);
    expect(await answerTo({ body: signed("ListQueue", {}, other) })).toMatchObject({ code: 0 });
    await server.api.ok("DELETE", `/v1/api-keys/${other.secretId}`);
    const revoked = { code: 4100, message: expect.stringMatching(/^\(10270\)/) };
    expect(await answerTo({ body: signed("ListQueue", {}, other) })).toMatchObject(revoked);
  });

  it("refuses broken requests of the newer form in that form", async () => {
    const headers = { "x-tc-action": "DescribeCmqQueues", "x-tc-version": "2020-02-17", "x-tc-timestamp": "1" };
    for (const authorization of [
      "",
      "TC3-HMAC-SHA256",
      "TC3-HMAC-SHA256 Credential=/, SignedHeaders=;, Signature=",
      "Basic eA==",
    ]) {
      const sent = { path: "/", type: "application/json", headers: { ...headers, authorization } };
      for (const body of ["", "{", "[]", '{"a":{"__proto__":{}}}', "\u00ff\u00fe"]) {
        const { status, text } = await send({ ...sent, body });
        expect([status, JSON.parse(text)]).toEqual([
          200,
          {
            Response: {
              Error: { Code: expect.stringMatching(/^\w/), Message: expect.any(String) },
              RequestId: expect.any(String),
            },
          },
        ]);
      }
    }
  });

  it("has logged no secret and no signature, and still serves", async () => {
    expect(await answerTo({ body: signed("ListQueue") })).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await server.stop();
    expect(code).toBe(0);
    const log = stdout + stderr;
    expect(log).toMatch(/"msg":"listening"/);
    expect(secrets.size).toBeGreaterThan(100);
    expect([...secrets].filter((secret) => log.includes(secret))).toEqual([]);
  });
});
