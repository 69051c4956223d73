/**
 * Real: the command, its HTTP client. Faked: the server, the process of the command. The server records requests and
 * answers as a test says. One test runs the command as a child process.
 */
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { runCommandInProcess } from "./testing/command-in-process.ts";
import { runCommand } from "./testing/command-process.ts";
import { createFakeContext } from "./testing/fake-context.ts";
import { startFakeServer } from "./testing/fake-server.ts";

interface Seen {
  method: string;
  url: string;
  headers: Record<string, unknown>;
  body: Buffer;
}

const published = { id: "1099511627777", topic: "MyTopic", seq: 1, publishedAt: "2026-01-31T08:15:30.250Z" };

async function startApi(status = 201, answer: unknown = published) {
  const seen: Seen[] = [];
  const server = await startFakeServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(pieces) });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  return Object.assign(server, { seen });
}

const noServer = async () => Promise.reject(new Error("publish starts no server"));

describe("ringback publish", () => {
  it("sends the message as the body and everything else in the query and headers", async () => {
    await using api = await startApi();
    const options = ["--tag", "a", "--tag", "b", "--ordering-key", "k 1", "--delay", "5s", "--idempotency-key", "once"];
    const { code, stdout } = await runCommandInProcess([
      "publish",
      "MyTopic",
      "test message",
      ...options,
      "--url",
      api.url,
    ]);
    expect([code, stdout]).toEqual([0, "1099511627777\n"]);
    expect(api.seen).toMatchObject([
      {
        method: "POST",
        url: "/v1/topics/MyTopic/messages?tags=a&tags=b&orderingKey=k+1&delayMs=5000",
        headers: { "content-type": "text/plain; charset=utf-8", "idempotency-key": "once" },
      },
    ]);
    expect(api.seen[0]?.body.toString()).toBe("test message");
  });

  it("changes no byte of what is piped into its process", async () => {
    await using api = await startApi();
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const { code } = await runCommand(["publish", "MyTopic", "-", "--type", "a.b"], {
      stdin: bytes,
      env: { RINGBACK_URL: api.url },
    });
    expect(code).toBe(0);
    expect(api.seen[0]).toMatchObject({
      url: "/v1/topics/MyTopic/messages?type=a.b",
      headers: { "content-type": "application/octet-stream" },
    });
    expect([...(api.seen[0]?.body ?? [])]).toEqual([...bytes]);
  });

  it("sends a JSON request for a JSON body and for attributes, with the body's bytes unchanged", async () => {
    await using api = await startApi();
    const json = '{"n": 12345678901234567890}';
    await runCommandInProcess([
      "publish",
      "T",
      json,
      "--content-type",
      "application/json",
      "--attribute",
      "a=b=c",
      "--url",
      api.url,
    ]);
    expect(api.seen[0]).toMatchObject({
      url: "/v1/topics/T/messages",
      headers: { "content-type": "application/json" },
    });
    const sent: unknown = JSON.parse(api.seen[0]?.body.toString() ?? "");
    expect(sent).toMatchObject({
      bodyBase64: Buffer.from(json).toString("base64"),
      contentType: "application/json",
      attributes: { a: "b=c" },
    });
  });

  it("prints the server's whole response with --json", async () => {
    await using api = await startApi();
    const { stdout } = await runCommandInProcess(["publish", "MyTopic", "x", "--json", "--url", api.url]);
    expect(JSON.parse(stdout)).toEqual(published);
  });

  it("shows the problem's code and detail, and fails", async () => {
    await using api = await startApi(404, { code: "topic_not_found", detail: 'There is no topic "Nope".' });
    const { code, stdout, stderr } = await runCommandInProcess(["publish", "Nope", "x", "--url", api.url]);
    expect([code, stdout, stderr]).toEqual([4, "", 'ringback: topic_not_found (404): There is no topic "Nope".\n']);
  });

  it("fails with one line when no server listens there", async () => {
    const gone = await startApi();
    await gone[Symbol.asyncDispose]();
    const { code, stderr } = await runCommandInProcess(["publish", "T", "x", "--url", gone.url]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `ringback: cannot reach ${gone.url}: no server listens there; start one with: ringback serve\n`,
    );
  });

  it("stops waiting at its timeout", async () => {
    await using mute = await startFakeServer(() => undefined);
    const { code, stderr } = await runCommandInProcess(["publish", "T", "x", "--timeout", "100ms", "--url", mute.url]);
    expect([code, stderr]).toEqual([1, `ringback: cannot reach ${mute.url}: it did not answer in time\n`]);
  });

  it("fails when the server is not Ringback", async () => {
    await using other = await startFakeServer((_, response) => response.end("<html>hello</html>"));
    const { code, stderr } = await runCommandInProcess(["publish", "T", "x", "--url", other.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: http:\/\/127\.0\.0\.1:\d+: the answer is not JSON; is this a Ringback server\?/);
  });

  it("shows an error with stack and causes with --debug", async () => {
    await using api = await startApi(404, { code: "topic_not_found", detail: "no" });
    const { stderr } = await runCommandInProcess(["--debug", "publish", "T", "x", "--url", api.url]);
    expect(stderr).toMatch(/^ringback: ApiError: topic_not_found .*\n\s+at /);
  });

  it.each([
    [["publish"], "ringback: missing required argument 'topic'\n"],
    [["publish", "T", "@gone.json"], /^ringback: cannot read the file "gone\.json": no file/],
    [
      ["publish", "T", "x", "--attribute", "novalue"],
      /^ringback: option '--attribute <key=value>' argument 'novalue' is invalid\. Give key=value\.\n$/,
    ],
    [["publish", "T", "x", "--url", "nowhere"], /^ringback: --url: url cannot be "nowhere"; give an address/],
  ])("refuses %j in one line", async (args, line) => {
    const context = createFakeContext();
    expect(await run(args, context, noServer)).not.toBe(0);
    expect(context.written.stderr).toMatch(line);
  });
});
