import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Receiver } from "./receiver.ts";

// Real: sockets on loopback. Nothing is faked.

let receiver: Receiver;
let port: number;

beforeEach(async () => {
  receiver = new Receiver();
  port = await receiver.listen();
});
afterEach(() => receiver.close());

function post(id: string, body: string): string {
  return `POST /r/0 HTTP/1.1\r\nHost: x\r\nRingback-Message-Id: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Sends the pieces on one connection and waits for the number of replies, or until the connection closes. */
function exchange(pieces: readonly string[], replies: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("data", (chunk) => {
      got += chunk.toString();
      if (got.split("HTTP/1.1 200 OK").length - 1 === replies) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(got));
    for (const piece of pieces) socket.write(piece);
  });
}

describe("Receiver", () => {
  it("answers every pipelined request and counts the duplicate", async () => {
    const got = await exchange([post("1", "a") + post("2", "b") + post("1", "a")], 3);
    expect(got.split("HTTP/1.1 200 OK").length - 1).toBe(3);
    expect(receiver.ledger.arrivals("r")).toMatchObject({ requests: 3, distinct: 2, duplicates: 1 });
  });

  it("counts a split request once", async () => {
    const text = post("7", "some body");
    await exchange([text.slice(0, 30), text.slice(30, text.length - 4), text.slice(-4)], 1);
    expect(receiver.ledger.compare("r", ["0"], ["7"])).toMatchObject({ missing: 0, duplicates: 0 });
  });

  it("closes the connection on a malformed request and counts it", async () => {
    expect(await exchange(["POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n"], 1)).toBe("");
    expect(receiver.malformed).toBe(1);
  });
});
