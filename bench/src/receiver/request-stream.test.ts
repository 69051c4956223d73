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
  it("reads several requests from one chunk and returns their number", () => {
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

  it("treats a body that looks like a request as a body", () => {
    const { seen, stream } = collecting();
    const body = request("/inner", "x").toString();
    stream.feed(Buffer.concat([request("/outer", body), request("/next", "")]));
    expect(seen.map(({ path }) => path)).toEqual(["/outer", "/next"]);
  });

  it("reads the same requests however the bytes are split", () => {
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
        let complete = 0;
        for (let index = 1; index < bounds.length; index++) {
          complete += stream.feed(bytes.subarray(bounds[index - 1], bounds[index]));
        }
        expect(seen).toEqual(requests);
        expect(complete).toBe(requests.length);
      }),
    );
  });

  it("refuses a request without a usable content length, and one that is too large", () => {
    const { stream } = collecting();
    expect(() => stream.feed(Buffer.from("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"))).toThrow(
      MalformedRequest,
    );
    expect(() => collecting().stream.feed(Buffer.from("POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"))).toThrow(
      "not a supported content length",
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

  it("does not match a part of a name", () => {
    expect(headerValue(head, "message-id")).toBeNull();
  });
});
