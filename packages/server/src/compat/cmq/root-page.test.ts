/** Real: the HTTP application and CMQ's API. Faked: the page of people, and the store, in memory. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { cmqScene, type Scene } from "./testing/scene.ts";

const isRequested = ({ url, headers }: { url: string; headers: { accept?: string | undefined } }) =>
  url === "/" && headers.accept === "text/html";

let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene({ page: { isRequested, answer: async (_request, reply) => reply.send("the page") } });
});
afterEach(() => scene.app.close());

const get = async (url: string, headers: Readonly<Record<string, string>>) =>
  (await scene.app.inject({ method: "GET", url, headers })).body;

const ofOtherSite = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };

it("people get the page at /, also by a link on another site", async () => {
  expect(await get("/", { accept: "text/html" })).toBe("the page");
  expect(await get("/", { accept: "text/html", ...ofOtherSite })).toBe("the page");
});

it("programs get the API at /, and no page of another site does", async () => {
  expect(await get("/", { accept: "*/*" })).toContain('"Response"');
  expect(await get("/?Action=DescribeCmqQueues&Version=2020-02-17", { accept: "text/html" })).toContain('"Response"');
  const refused = await get("/?Action=DescribeCmqQueues&Version=2020-02-17", { accept: "text/html", ...ofOtherSite });
  expect(refused).toContain("Sec-Fetch-Site");
});
