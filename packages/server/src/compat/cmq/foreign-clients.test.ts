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

type Members = Record<string, unknown>;

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
      expect(outcomeOf(request, answer)).toEqual(outcomeOf(request, JSON.parse(request.answer) as Members));
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
  return { contentType: response.headers["content-type"], answer: response.json<Members>() };
}

/**
 * Returns the part of an answer that a replay must repeat. A recorded receipt handle belongs to another queue, so the
 * outcome of deleting a message is only that the signature was accepted.
 */
function outcomeOf({ action }: Vector, answer: Members): unknown {
  const isAccepted = /^(?:Batch)?DeleteMessage$/.test(action) && [0, 4430, 6010].includes(Number(answer["code"]));
  return [action, isAccepted ? "accepted" : shapeOf(answer)];
}

/** Returns the names and types of all members. `code` keeps its value. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === "code" ? member : shapeOf(member)]),
  );
}
