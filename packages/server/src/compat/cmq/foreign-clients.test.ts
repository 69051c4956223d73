import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { cmqScene, type Scene } from "./testing/scene.ts";

/**
 * Real: requests of clients for Python, Go and Java, recorded byte for byte by `npm run test:clients -- --record FILE`,
 * the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
 */
interface Vector {
  readonly client: string;
  readonly action: string;
  readonly way: string;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly answer: string;
}

const text = readFileSync(new URL("./testing/recorded-clients.json", import.meta.url), "utf8");
const vectors = Map.groupBy(JSON.parse(text) as Vector[], ({ client, way }) => `${client} by ${way}`);

let scene: Scene;
afterEach(() => scene.app.close());

describe.each([...vectors])("%s", (_name, requests) => {
  it("gets the answers that it accepted when it was recorded", async () => {
    scene = await cmqScene();
    for (const request of requests) {
      const { contentType, answer } = await replay(request);
      const isTc3 = request.answer.startsWith('{"Response"');
      expect(contentType).toBe(isTc3 ? "application/json" : "application/json; charset=utf-8");
      // The recorded receipt handle belongs to another queue. Its signature was accepted.
      if (/^(?:Batch)?DeleteMessage$/.test(request.action)) expect(answer["code"]).toBeOneOf([4430, 6010]);
      else expect([request.action, shapeOf(answer)]).toEqual([request.action, shapeOf(JSON.parse(request.answer))]);
    }
    expect(scene.logLines).toEqual([]);
  });

  it("is refused when it is sent to another host than the signed one", async () => {
    scene = await cmqScene();
    const [request] = requests;
    if (request === undefined) throw new Error("nothing was recorded");
    const { answer } = await replay({ ...request, headers: { ...request.headers, host: "elsewhere" } });
    expect(JSON.stringify(answer)).toMatch(/"code":4100,|"Code":"AuthFailure.SignatureFailure"/);
  });
});

async function replay({ method, url, headers, body }: Vector) {
  const parameters = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : body);
  scene.clock.nowMs = Number(headers["x-tc-timestamp"] ?? parameters.get("Timestamp")) * 1000;
  const response = await scene.app.inject({ method, url, headers, ...(method === "POST" && { payload: body }) });
  expect(response.statusCode).toBe(200);
  return { contentType: response.headers["content-type"], answer: response.json<Record<string, unknown>>() };
}

/** Returns the names and types of all members. `code` keeps its value. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === "code" ? member : shapeOf(member)]),
  );
}
