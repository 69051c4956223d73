import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headBytesMax, headerValue, MalformedRequest, pathOf, RequestStream } from "./request-stream.ts";

function request(path: string, body: string, headers = ""): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(`POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${length}\r\n\r\n${body}`);
}

function collecting() {
  const seen: { path: string; body: string }[] = [];
  const stream = new RequestStream((head, body) => seen.push({ path: pathOf(head), body: body.toString() }));
  return { seen, stream };
}

describe("RequestStream", () => {
  it("takes several requests from one chunk and says how many", () => {
    const { seen, stream } = collecting();
    expect(stream.feed(Buffer.concat([request("/a", "one"), request("/b", ""), request("/c", "three")]))).toBe(3);
    expect(seen).toEqual([
      { path: "/a", body: "one" },
      { path: "/b", body: "" },
      { path: "/c", body: "three" },
    ]);
  });

  it("waits for the rest of a split request", () => {
    const { seen, stream } = collecting();
    const bytes = request("/a", "hello");
    for (const byte of bytes.subarray(0, -1)) expect(stream.feed(Buffer.from([byte]))).toBe(0);
    expect(stream.feed(bytes.subarray(-1))).toBe(1);
    expect(seen).toEqual([{ path: "/a", body: "hello" }]);
  });

  it("is not misled by a body that looks like a request", () => {
    const { seen, stream } = collecting();
    const body = request("/inner", "x").toString();
    stream.feed(Buffer.concat([request("/outer", body), request("/next", "")]));
    expect(seen.map(({ path }) => path)).toEqual(["/outer", "/next"]);
  });

  it("sees the same requests however the bytes are cut", () => {
    const sent = fc.array(fc.record({ path: fc.constantFrom("/a", "/b/1"), body: fc.string({ maxLength: 40 }) }), {
      minLength: 1,
      maxLength: 6,
    });
    const cuts = fc.array(fc.nat(600), { maxLength: 8 });
    fc.assert(
      fc.property(sent, cuts, (requests, at) => {
        const bytes = Buffer.concat(requests.map(({ path, body }) => request(path, body)));
        const { seen, stream } = collecting();
        const bounds = [0, ...at.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        let whole = 0;
        for (let index = 1; index < bounds.length; index++) {
          whole += stream.feed(bytes.subarray(bounds[index - 1], bounds[index]));
        }
        expect(seen).toEqual(requests);
        expect(whole).toBe(requests.length);
      }),
    );
  });

  it("refuses what it cannot frame", () => {
    const { stream } = collecting();
    expect(() => stream.feed(Buffer.from("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"))).toThrow(
      MalformedRequest,
    );
    expect(() => collecting().stream.feed(Buffer.from("POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"))).toThrow(
      "not a length",
    );
    expect(() => collecting().stream.feed(Buffer.alloc(headBytesMax + 1, "a"))).toThrow("too large");
  });
});

describe("headerValue", () => {
  const head = "POST / HTTP/1.1\r\nRingback-Message-Id: 42\r\nx-y:  z ";

  it("finds a name in any case and trims the value", () => {
    expect(headerValue(head, "ringback-message-id")).toBe("42");
    expect(headerValue(head, "x-y")).toBe("z");
  });

  it("does not find part of a name", () => {
    expect(headerValue(head, "message-id")).toBeNull();
  });
});
