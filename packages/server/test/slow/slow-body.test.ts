/** Real: the server, a plain socket, time. Nothing is faked. A minute passes, which is the time limit of a request. */
import { describe, expect, it } from "vitest";
import { exchange, parseAnswer } from "../../src/api/testing/raw-connection.ts";
import { useServer } from "../harness/running-server.ts";

const server = useServer();

const head = "POST /v1/topics/t/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n";

describe("a client that never finishes its body", () => {
  it.concurrent.each([
    ["with a length", `${head}Content-Length: 100\r\n\r\nhalf`],
    ["in chunks", `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
  ])("%s hears so after a minute, and nothing is stored", async (_how, bytes) => {
    const { api, port } = server();
    await api.putTopic("t");
    const startedAt = performance.now();
    const { status, problem } = parseAnswer(await exchange(port, bytes));
    expect([status, problem.code]).toEqual([408, "request_timeout"]);
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(59_000);
    expect(tookMs).toBeLessThan(75_000);
    expect(await api.call("GET", "/v1/messages/1099511627777")).toMatchObject({ status: 404 });
  });
});
