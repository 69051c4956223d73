/**
 * Real: the server, its database, sockets, the called programs. Nothing is faked. The server is a child process in
 * tests of its output and its files. The callback server does the same as koipy's own sample. Opencard's hooks are
 * tested in `configuration-file.test.ts`. Calls that a stop of the server interrupts are tested in `shutdown.test.ts`.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawReceiver } from "../src/transport/testing/raw-receiver.ts";
import { temporaryFolder } from "./harness/folder.ts";
import type { TemporaryFolder } from "./harness/folder.ts";
import { callHook, expectKoipyOutcomes, koipyCallbacks } from "./harness/hooks.ts";
import { listening } from "./harness/listening.ts";
import { useServer } from "./harness/running-server.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import type { Ended } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const secret = "correct horse 16";
const jwk = { kty: "oct", k: Buffer.from(secret).toString("base64url") };
const masterKey = Buffer.alloc(32, 0xa7).toString("base64");
const otherMasterKey = Buffer.alloc(32, 0x5b).toString("base64");

const file = (disposition: string) =>
  `HTTP/1.1 200 OK\r\nContent-Disposition: ${disposition}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`;

const server = useServer();

it("koipy's three hooks work by the API", async () => {
  await using program = await listening(koipyCallbacks);
  const { api } = server();
  for (const name of ["onMessage", "onPreSend", "onResult"]) {
    await api.ok("PUT", `/v1/hooks/${name}`, { json: { urls: [`${program.url}/${name}`] } });
  }
  await expectKoipyOutcomes(api);
});

describe("keys at rest", () => {
  let folder: TemporaryFolder;
  let ended: Ended;
  /** Contents of every file in the server's folder, read once while the server ran and once after it had ended. */
  const contents: Buffer[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    const readAll = async () => {
      const entries = await readdir(folder.path, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
    };
    await using first = await Server.start({ folder: folder.path, env: { RINGBACK_MASTER_KEY: masterKey } });
    await first.api.ok("PUT", "/v1/keys/0", { json: { jwk } });
    await first.api.ok("PUT", "/v1/keys/1", { json: { jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } } });
    await first.api.ok("PUT", "/v1/keys/0", { json: { jwk } });
    const hook = { urls: ["http://127.0.0.1:9/"], protocol: "opencard", key: "0" };
    await first.api.ok("PUT", "/v1/hooks/card", { json: hook });
    contents.push(...(await readAll()));
    ended = await first.stop();
    contents.push(...(await readAll()));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it("cannot be read without the master key, which is nowhere in the folder either", () => {
    const forms = [Buffer.from(secret), Buffer.from(masterKey, "base64")].flatMap((key) => [
      key,
      ...(["base64", "base64url", "hex"] as const).map((encoding) => Buffer.from(key.toString(encoding))),
    ]);
    // The files contain the key's name and its encrypted form, so the search was in the right files.
    expect(contents.some((content) => content.includes('"sealed":"eyJ'))).toBe(true);
    const found = contents.filter((content) => forms.some((form) => content.includes(form)));
    expect(found).toEqual([]);
    expect(ended.code).toBe(0);
    for (const form of forms) expect((ended.stdout + ended.stderr).includes(form.toString("latin1"))).toBe(false);
  });

  it("that no master key decrypts are named in the log, and calls that need them fail with that reason", async () => {
    {
      const env = { RINGBACK_MASTER_KEY: otherMasterKey };
      await using changed = await startServerInProcess({ folder: folder.path, env });
      await changed.logged(/"level":"warn".*"kids":\["0","1"\]/);
      expect(await changed.api.call("GET", "/v1/keys/0")).toMatchObject({ json: { usable: false } });
      const refused = await changed.api.call("POST", "/v1/hooks/card/call", { json: {} });
      expect(refused).toMatchObject({ status: 409, json: { code: "key_unavailable" } });
    }
    const both = `${otherMasterKey},${masterKey}`;
    await using rotated = await startServerInProcess({ folder: folder.path, env: { RINGBACK_MASTER_KEY: both } });
    expect(await callHook(rotated.api, "card", { srcid: "123" })).toMatchObject({ error: "unreachable" });
  });
});

describe("a hostile reply", () => {
  const opened: AsyncDisposable[] = [];
  beforeAll(() => server().api.putTopic("beside"));
  afterAll(async () => {
    for (const program of opened) await program[Symbol.asyncDispose]();
  });

  async function outcomeOf(
    reply: string | ((write: (text: string | Buffer) => boolean, closed: () => boolean) => void),
    timeoutMs = 60_000,
  ) {
    const program = await RawReceiver.start((connection) => {
      const { socket } = connection;
      if (typeof reply === "string") socket.end(reply);
      else
        reply(
          (text) => socket.write(text),
          () => connection.closed(),
        );
    });
    opened.push(program);
    const hook = { urls: [`${program.origin}/secret-path`], onError: "reject", timeoutMs };
    await server().api.ok("PUT", "/v1/hooks/h", { json: hook });
    const [outcome] = await Promise.all([
      callHook(server().api, "h", { result: { a: 1 } }),
      // Meanwhile the server continues its other work.
      server().api.publish("beside", { body: "x" }),
    ]);
    expect(JSON.stringify(outcome)).not.toMatch(/127\.0\.0\.1|secret-path/);
    return outcome;
  }

  const json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  const mebibyte = Buffer.alloc(1024 * 1024, 0x20);

  it("that never ends is cut off", async () => {
    const ends: (() => boolean)[] = [];
    const outcome = await outcomeOf((write, closed) => {
      ends.push(closed);
      write(`${json}Transfer-Encoding: chunked\r\n\r\n`);
      const more = () => {
        if (closed()) return;
        write(`10000\r\n${"[".repeat(0x10000)}\r\n`);
        setImmediate(more);
      };
      more();
    });
    expect(outcome).toMatchObject({ action: "reject", error: "reply_too_large" });
    await untilTrue("the connection is closed", () => ends.every((closed) => closed()));
    expect(ends).toHaveLength(1);
  });

  it("of 100 MB JSON is not read to its end", async () => {
    let sent = 0;
    const outcome = await outcomeOf((write, closed) => {
      write(`${json}Content-Length: ${100 * mebibyte.length}\r\n\r\n`);
      const more = () => {
        if (closed() || sent === 100) return;
        sent += 1;
        write(mebibyte);
        setImmediate(more);
      };
      more();
    });
    expect(outcome).toMatchObject({ action: "reject", error: "reply_too_large" });
  });

  it.each<[string, string, string]>([
    ["that is shorter than it says", `${json}Content-Length: 1000\r\n\r\n{}`, "bad_reply"],
    ["that says two lengths", `${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`, "bad_reply"],
    ["that is no HTTP", "220 mail.example ESMTP\r\n", "bad_reply"],
    ["with a head without end", `HTTP/1.1 200 OK\r\n${"X-More: y\r\n".repeat(5_000)}\r\n`, "bad_reply"],
    ["of JSON without a bottom", `${json}Connection: close\r\n\r\n${"[".repeat(1_000_000)}`, "bad_reply"],
    [
      "of JSON that is too deep",
      `${json}Connection: close\r\n\r\n{"result":${"[".repeat(200)}${"]".repeat(200)}}`,
      "bad_reply",
    ],
    ["of JSON that is none", `${json}Connection: close\r\n\r\n{"result":{"a":NaN}}`, "bad_reply"],
    [
      "of half an image",
      `HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n\u0089PNG`,
      "bad_reply",
    ],
  ])("%s cannot be used", async (_what, reply, error) => {
    expect(await outcomeOf(reply)).toMatchObject({ action: "reject", error, data: { result: { a: 1 } } });
  });

  const no = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n";
  it.each<[string, string, string]>([
    ["is shorter than it says", `${no}Content-Length: 100\r\n\r\nnot you`, "not you"],
    ["ends inside a chunk", `${no}Transfer-Encoding: chunked\r\n\r\n7\r\nnot you\r\nff\r\n`, "not you"],
    ["only says that it is compressed", `${no}Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nnot you`, "not you"],
    ["is larger than it may be", `${no}Connection: close\r\n\r\n${"no ".repeat(1_000)}`, "no no no"],
  ])("that refuses and %s is a refusal, also where failures mean to go on", async (_what, reply, reason) => {
    await using program = await RawReceiver.start(({ socket }) => void socket.end(reply));
    for (const protocol of ["koipy", "json"]) {
      const hook = { urls: [program.origin], protocol, onError: "continue", replyBytesMax: 1_024 };
      await server().api.ok("PUT", "/v1/hooks/h", { json: hook });
      const outcome = await callHook(server().api, "h", { result: { a: 1 } });
      expect(outcome).toMatchObject({ action: "reject", httpStatus: 403, error: null, data: { result: { a: 1 } } });
      expect(outcome.reason).toContain(reason);
    }
  });

  it("that refuses and never ends is a refusal at the timeout", async () => {
    await using program = await RawReceiver.start(
      ({ socket }) => void socket.write(`${no}Content-Length: 100\r\n\r\nnot you`),
    );
    await server().api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.origin], timeoutMs: 500 } });
    expect(await callHook(server().api, "h", {})).toMatchObject({ action: "reject", reason: "not you", error: null });
  });

  it("that arrives too slowly ends at the timeout", async () => {
    const started = performance.now();
    const outcome = await outcomeOf((write, closed) => {
      write(`${json}Content-Length: 100000\r\n\r\n`);
      const more = setInterval(() => (closed() ? clearInterval(more) : void write(" ")), 50);
    }, 1_000);
    expect(outcome).toMatchObject({ action: "reject", error: "timeout" });
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  it("with __proto__ in its data merges a member of that name, and changes nothing else", async () => {
    const body = '{"result":{"__proto__":{"polluted":1.0},"b":12345678901234567890},"__proto__":{"polluted":true}}';
    await outcomeOf(`${json}Content-Length: ${body.length}\r\n\r\n${body}`);
    const response = await fetch(`${server().url}/v1/hooks/h/call`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"result":{"a":1}}',
    });
    expect(await response.text()).toContain(
      '"data":{"result":{"a":1,"__proto__":{"polluted":1.0},"b":12345678901234567890}}',
    );
  });

  it.each([
    'attachment; filename="../../../etc/passwd"',
    String.raw`attachment; filename="..\\..\\boot.ini"`,
    String.raw`attachment; filename="a\"; rm -rf.txt"`,
    "attachment; filename*=UTF-8''..%2F..%2Fetc%0D%0AX-Evil%3A%201",
    "attachment; filename*=UTF-8''%00%1b%5B2J.txt",
    "attachment; filename=\"CON\"; filename*=UTF-8''%E2%80%AEgpj.exe",
  ])("with the file name %s gives a name that is safe anywhere", async (disposition) => {
    const { attachments } = await outcomeOf(file(disposition));
    expect(attachments).toMatchObject([{ kind: "file", bodyBase64: Buffer.from("body").toString("base64") }]);
    const name = attachments[0]?.filename ?? "";
    // oxlint-disable-next-line no-control-regex -- the test checks that these characters are missing
    expect(name).not.toMatch(/[\u0000-\u001f"\\/\u007f\u202e]/);
    expect(name).not.toMatch(/^\.+$/);
  });

  it("that has a line break in its file header is not sent as a file header", async () => {
    const outcome = await outcomeOf(file('attachment; filename="a\rX-Evil: 1\r\n.txt"'));
    expect(JSON.stringify(outcome.attachments)).not.toMatch(/\\r|\\n|X-Evil/);
  });
});
