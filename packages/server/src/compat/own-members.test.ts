/**
 * Real: the application with all of its APIs, on the memory driver. The requests use the names of members that every
 * JavaScript object inherits, wherever a request contains a name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { addTestApis } from "./testing/test-gateway.ts";

const inherited = ["constructor", "toString", "__proto__", "hasOwnProperty"];
const asJson = { "content-type": "application/json" };
const url = "http://127.0.0.1:9/";

let test: TestApp;

beforeAll(async () => {
  test = await createTestApp();
  await addTestApis(test);
  await test.app.ready();
});

afterAll(() => test.app.close());

/** Creates one resource of each kind. Operations delete them. */
async function prepare(): Promise<void> {
  await put("/v1/topics/kept", {});
  await put("/v1/topics/kept/subscriptions/kept", { push: { url } });
  await put("/v1/topics/kept/subscriptions/pulled", { pull: {} });
  await put("/v1/inboxes/kept", {});
  await put("/v1/hooks/kept", { protocol: "json", urls: [url] });
}

async function put(path: string, json: object): Promise<void> {
  await test.app.inject({ method: "PUT", url: path, headers: asJson, payload: JSON.stringify(json) });
}

interface Sent {
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bodies in which the name is a member, a value, or the key of a map, at every depth. */
function bodiesWith(name: string): readonly string[] {
  const members = [
    `"${name}":1`,
    `"${name}":{"${name}":null}`,
    `"body":"x","${name}":"x"`,
    `"body":"x","attributes":{"${name}":"v"},"tags":["${name}"],"type":"${name}","orderingKey":"${name}"`,
    `"messages":[{"body":"x","${name}":1}]`,
    `"labels":{"${name}":"v"}`,
    `"push":{"url":"${url}","headers":{"${name}":"v"}}`,
    `"push":{"url":"${url}","${name}":1}`,
    `"push":{"url":"${url}","protocol":"${name}","keys":["${name}"]}`,
    `"push":{"url":"${name}"},"pull":{"${name}":1}`,
    `"filter":{"${name}":["a"]},"start":"${name}","retry":"${name}","order":"${name}"`,
    `"retry":{"${name}":1},"start":{"${name}":1}`,
    `"protocol":"${name}","urls":["${name}"],"onError":"${name}"`,
    `"receiptHandles":["${name}"],"at":"${name}","alg":"${name}","secret":"${name}"`,
    `"type":1001,"url":"${url}","${name}":"${name}"`,
    `"type":"${name}"`,
  ];
  return [...members.map((text) => `{${text}}`), `["${name}"]`, `"${name}"`];
}

function requestsWith(pattern: string, name: string): readonly Sent[] {
  const path = pattern.replaceAll(/\{\w+\}/g, "kept");
  const header = { [name.toLowerCase()]: name, "idempotency-key": name, "if-match": name, "last-event-id": name };
  return [
    ...bodiesWith(name).map((body) => ({ path, body, headers: asJson })),
    { path: `${path}?${name}=1` },
    { path: `${path}?${name}[${name}]=1&label=${name}%3D1` },
    { path: `${path}?limit=${name}&cursor=${name}&types=${name}&topic=${name}` },
    { path: pattern.replaceAll(/\{\w+\}/g, name), body: "{}", headers: asJson },
    { path, body: "{}", headers: { ...asJson, ...header } },
    { path, body: "x", headers: { "content-type": name } },
  ];
}

function operations(): readonly (readonly [method: string, path: string])[] {
  const { paths } = test.app.swagger() as unknown as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    // An answer of the event stream does not end.
    Object.keys(methods).flatMap((method) => (path === "/v1/events" ? [] : [[method.toUpperCase(), path] as const])),
  );
  return [...described, ["POST", "/v2/index.php"], ["GET", "/v2/index.php"], ["POST", "/"], ["GET", "/{name}"]];
}

/** Texts of JavaScript's own errors and values, which an answer must not contain. */
const internal =
  /native code|\[object |is not a function|Cannot read prop|undefined|TypeError|"code":(?:500|6000)|InternalError/;

describe.each(inherited)("the name %s", (name) => {
  it("is refused or kept by every operation like any other name", async () => {
    const routes = operations();
    expect(routes.length).toBeGreaterThan(50);
    const wrong: unknown[] = [];
    for (const [method, pattern] of routes) {
      await prepare();
      for (const { path, body, headers = {} } of requestsWith(pattern, name)) {
        const hasBody = method !== "GET" && body !== undefined;
        const payload = hasBody ? { payload: body } : {};
        const answer = await test.app.inject({ method: method as "GET", url: path, headers, ...payload });
        const isRefusal = answer.statusCode >= 400 || /^\/(?:v2|api|$)/.test(path);
        const isWrong = answer.statusCode >= 500 || (isRefusal && internal.test(answer.body));
        if (isWrong) wrong.push([method, path, body, answer.statusCode, answer.body]);
      }
    }
    expect(wrong).toEqual([]);
    expect(test.logLines.filter((line) => line.includes("unexpectedly"))).toEqual([]);
    expect(Object.hasOwn(Object.prototype, "url") || Object.hasOwn(Object.prototype, "body")).toBe(false);
  });
});

it("the last of several members with one name counts, as in JSON.parse, also for a body that is cut from the text", async () => {
  await prepare();
  const path = "/v1/topics/kept/messages";
  const payload = '{"body":"first","tags":["a"],"body":{"n":1.0},"tags":["b"]}';
  const { id } = (await test.app.inject({ method: "POST", url: path, headers: asJson, payload })).json<{
    id: string;
  }>();
  const message = (await test.app.inject(`/v1/messages/${id}`)).json<{ body: string; tags: string[] }>();
  expect([message.body, message.tags]).toEqual(['{"n":1.0}', ["b"]]);
});
