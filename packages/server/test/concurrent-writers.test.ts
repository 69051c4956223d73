/**
 * Real: the server inside the test's process, SQLite, two clients. Nothing is faked. The clients change the same
 * resource at the same time.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "./harness/api.ts";
import { runInShell } from "./harness/program.ts";
import { curlLines, readmeServer } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";

const url = "http://127.0.0.1:9/";
const server = useServer();

interface View {
  readonly labels: Readonly<Record<string, string>>;
  readonly updatedAt: string;
}

const changesOfEach = 25;
const numbers = Array.from({ length: changesOfEach }, (_, i) => i);

beforeAll(() => server().api.putTopic("orders"));

describe.each([
  ["a topic", "/v1/topics/it", {}],
  ["a subscription", "/v1/topics/orders/subscriptions/it", { push: { url } }],
  ["a hook", "/v1/hooks/it", { urls: [url] }],
  ["an inbox", "/v1/inboxes/it", {}],
])("%s with two writers at once", (_what, path, least) => {
  const call = (method: string, body?: object, headers: Record<string, string> = {}): Promise<Answer<View>> =>
    server().api.call<View>(method, path, { headers, ...(body === undefined ? {} : { json: body }) });
  const labels = async () => (await call("GET")).json.labels;

  it("has the changes of both, when they patch", async () => {
    await call("PUT", least);
    const write = async (writer: string) => {
      for (const i of numbers) {
        const answer = await call("PATCH", { labels: { [writer]: `${i}` } });
        expect([answer.status, answer.json.labels[writer]]).toEqual([200, `${i}`]);
      }
    };
    await Promise.all([write("one"), write("two")]);
    const last = `${changesOfEach - 1}`;
    expect(await labels()).toEqual({ one: last, two: last });
  });

  it("counts every change of both, when each writes what it has read, with If-Match", async () => {
    await call("PUT", { ...least, labels: { count: "0" } });
    const add = async (): Promise<void> => {
      const { json, headers } = await call("GET");
      const changed = { ...json.labels, count: `${Number(json.labels["count"]) + 1}` };
      const answer = await call("PUT", { ...least, labels: changed }, { "if-match": headers.get("etag") ?? "" });
      if (answer.status === 412) return add();
      expect(answer.status).toBe(200);
    };
    const write = async () => {
      for (const _ of numbers) await add();
    };
    await Promise.all([write(), write()]);
    expect(await labels()).toEqual({ count: `${2 * changesOfEach}` });
  });

  it("has the value that one of them has put, with the patch of the other applied before or after", async () => {
    for (const i of numbers) {
      await call("PUT", { ...least, labels: { before: "1" } });
      const [put, patch] = await Promise.all([
        call("PUT", { ...least, labels: { put: `${i}` } }),
        call("PATCH", { labels: { patch: `${i}` } }),
      ]);
      expect([put.status, patch.status]).toEqual([200, 200]);
      expect([{ put: `${i}` }, { put: `${i}`, patch: `${i}` }]).toContainEqual(await labels());
    }
  });

  it("is created by only one of them, when both require that it does not exist", async () => {
    await call("DELETE");
    const answers = await Promise.all(
      ["one", "two"].map((by) => call("PUT", { ...least, labels: { by } }, { "if-none-match": "*" })),
    );
    const [created, refused] = answers.toSorted((a, b) => a.status - b.status);
    expect([created?.status, refused?.status]).toEqual([201, 412]);
    expect(await labels()).toEqual(created?.json.labels);
  });
});

describe("docs/guide/changing-settings.md", () => {
  it("works line by line", async () => {
    const answers: unknown[] = [];
    for (const line of curlLines("docs/guide/changing-settings.md")) {
      const etag = (await server().api.call("GET", "/v1/topics/invoices")).headers.get("etag") ?? "";
      const typed = line.replaceAll(readmeServer, new URL(server().url).host).replaceAll("ETAG", etag);
      answers.push(JSON.parse(await runInShell(`${typed} --silent --show-error --fail-with-body`)));
    }
    const labels = { customer: "acme" };
    expect(answers).toMatchObject([
      { name: "invoices", retentionMs: 3_600_000, labels },
      { retentionMs: 604_800_000, labels: { customer: "acme", team: "billing" } },
      { bodyBytesMax: 65_536, labels },
      { items: [{ name: "invoices", labels }] },
    ]);
  });
});
