import { describe, expect, it } from "vitest";

import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { describeAdapter } from "../testing/adapter-contract.ts";
import { serveFetch, serveHono } from "../testing/servers.ts";
import { toFetchHandler } from "./fetch.ts";

describeAdapter("Fetch", serveFetch);
describeAdapter("Fetch under Hono", serveHono);

describe("the adapter for Fetch", () => {
  it("accepts a Request and answers with a Response, without any server", async () => {
    const { handler, requests } = keeping();
    const body = Uint8Array.of(1, 2, 3);
    const response = await handler(
      new Request("https://example.com/a?b=c", { method: "POST", headers: { "X-A": "1" }, body }),
    );
    expect(response.status).toBe(200);
    expect(requests[0]).toMatchObject({ method: "POST", path: "/a?b=c", body });
    expect(requests[0]?.headers["x-a"]).toBe("1");
  });

  it("rejects for a request whose body has been read, since its bytes are lost", async () => {
    const { handler, requests } = keeping();
    const request = new Request("https://example.com/", { method: "POST", body: "text" });
    await request.text();
    await expect(handler(request)).rejects.toMatchObject({ code: "body_already_read" });
    expect(requests).toEqual([]);
  });

  it("rejects for a body that something else is reading, and reports it to the receiver", async () => {
    const codes: string[] = [];
    const handler = toFetchHandler({
      bodyBytesMax: 10,
      handle: () => Promise.reject(new Error("not reached")),
      refuse: async ({ code }) => {
        codes.push(code);
        return { status: 500, headers: {}, body: "" };
      },
    });
    const locked = new Request("https://example.com/", { method: "POST", body: "text" });
    locked.body?.getReader();
    const read = new Request("https://example.com/", { method: "POST", body: "text" });
    await read.text();
    for (const request of [locked, read]) {
      await expect(handler(request)).rejects.toMatchObject({ code: "body_already_read" });
    }
    expect(codes).toEqual(["body_already_read", "body_already_read"]);
  });

  it("answers 400 when the body breaks off", async () => {
    const { handler, requests } = keeping();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("the peer is gone")),
    });
    const request = new Request("https://example.com/", { method: "POST", body, duplex: "half" });
    expect((await handler(request)).status).toBe(400);
    expect(requests).toEqual([]);
  });

  it("stops reading an endless body as soon as the body is too large", async () => {
    const { handler } = keeping();
    let pieces = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pieces++;
        controller.enqueue(new Uint8Array(100));
      },
    });
    const request = new Request("https://example.com/", { method: "POST", body, duplex: "half" });
    expect((await handler(request)).status).toBe(413);
    expect(pieces).toBeLessThan(20);
  });
});

function keeping() {
  const requests: ReceivedRequest[] = [];
  const receiver: Receiver = {
    bodyBytesMax: 1000,
    handle: (request) => Promise.resolve({ status: 200, headers: {}, body: String(requests.push(request)) }),
  };
  return { handler: toFetchHandler(receiver), requests };
}
