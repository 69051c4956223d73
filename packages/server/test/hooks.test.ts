/**
 * Real: the server as its own process with its database, and the called programs, which answer over sockets. The callback
 * server does what koipy's own sample does; the webhook is the SDK's receiver for Opencard.
 */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createOpencardReceiver } from "@ringback/sdk/opencard";
import { toNodeHandler } from "@ringback/sdk/receive";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawReceiver } from "../src/transport/testing/raw-receiver.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { useServer } from "./harness/running-server.ts";
import { Server, spawnServer } from "./harness/server.ts";

interface OutcomeView {
  readonly action: string;
  readonly reason: string | null;
  readonly attachments: readonly {
    kind: string;
    contentType: string | null;
    filename: string | null;
    bodyBase64: string;
  }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into data of every shape
  readonly data: any;
  readonly httpStatus: number | null;
  readonly error: string | null;
}

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const secret = "correct horse 16";
const jwk = { kty: "oct", k: Buffer.from(secret).toString("base64url") };
const masterKey = Buffer.alloc(32, 0xa7).toString("base64");
const otherMasterKey = Buffer.alloc(32, 0x5b).toString("base64");

async function listen(handler: RequestListener) {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** The document's sample: a user who is not wanted, an image with 403, a column more, and nothing to say. */
const callbackServer: RequestListener = (request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const data = JSON.parse(Buffer.concat(pieces).toString()) as {
      message: { from_user?: { username?: string } };
      result: Record<string, unknown[]>;
    };
    switch (request.url ?? "") {
      case "/onMessage":
        if (data.message.from_user?.username?.startsWith("koipybot") === true) {
          response.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end("你已被拉黑!");
        } else response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end();
        break;
      case "/onPreSend":
        response.writeHead(403, {
          "content-type": "image/jpeg",
          "content-disposition": 'attachment; filename="test.jpg"',
        });
        response.end(png);
        break;
      default:
        data.result["NewKey"] = (data.result["节点名称"] ?? []).map(() => "回调新增数据1");
        response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(data));
    }
  });
};

const payload = {
  message: { from_user: { username: "somebody" } },
  config: {},
  slaveRequest: { slave: { id: "local" } },
  result: { 节点名称: ["a", "b"], 类型: ["ss", "vmess"] },
  addons: {},
};

async function call(server: Server, hook: string, body: unknown): Promise<OutcomeView> {
  return server.api.ok<OutcomeView>("POST", `/v1/hooks/${hook}/call`, { json: body });
}

async function expectTheDocument(server: Server): Promise<void> {
  const allowed = await call(server, "onMessage", payload);
  expect(allowed).toMatchObject({ action: "continue", data: payload, httpStatus: 200, error: null, attachments: [] });
  const unwanted = { ...payload, message: { from_user: { username: "koipybot1" } } };
  expect(await call(server, "onMessage", unwanted)).toMatchObject({
    action: "reject",
    reason: "你已被拉黑!",
    httpStatus: 403,
  });
  const drawn = await call(server, "onPreSend", payload);
  expect(drawn).toMatchObject({ action: "reject", httpStatus: 403, error: null });
  expect(drawn.reason).toContain("PNG");
  const added = await call(server, "onResult", payload);
  expect(added.data.result).toEqual({ ...payload.result, NewKey: ["回调新增数据1", "回调新增数据1"] });
}

const file = (disposition: string) =>
  `HTTP/1.1 200 OK\r\nContent-Disposition: ${disposition}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`;

describe("koipy's three hooks", () => {
  it("work by the API", async () => {
    await using program = await listen(callbackServer);
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    for (const name of ["onMessage", "onPreSend", "onResult"]) {
      await server.api.ok("PUT", `/v1/hooks/${name}`, { json: { urls: [`${program.url}/${name}`] } });
    }
    await expectTheDocument(server);
    expect((await server.stop()).code).toBe(0);
    // They are in the database: the next start has them.
    await using again = await Server.start({ folder: folder.path });
    await expectTheDocument(again);
  });

  it("work by koipy's own callbacks block in the file", async () => {
    await using program = await listen(callbackServer);
    await using folder = await temporaryFolder();
    const config = join(folder.path, "ringback.yaml");
    const lines = ["onMessage", "onPreSend", "onResult"].map((name) => `  ${name}: ${program.url}/${name} # 回调地址`);
    await writeFile(config, `callbacks:\n${lines.join("\n")}\n`);
    await using server = await Server.start({ folder: join(folder.path, "data"), args: ["--config", config] });
    await expectTheDocument(server);
  });
});

describe("opencard", () => {
  const cards = { "123": () => ({ item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" }) };

  it("calls a webhook under a key of the file, over the wire", async () => {
    await using webhook = await listen(toNodeHandler(createOpencardReceiver({ keys: { "0": jwk }, cards })));
    await using folder = await temporaryFolder();
    const config = join(folder.path, "ringback.yaml");
    await writeFile(
      config,
      `masterKey: ${masterKey}\nkeys:\n  "0":\n    jwk: ${JSON.stringify(jwk)}\n` +
        `hooks:\n  card: {urls: ["${webhook.url}/"], protocol: opencard, key: "0", onError: reject}\n`,
    );
    await using server = await Server.start({ folder: join(folder.path, "data"), args: ["--config", config] });
    const question = { type: "sp_ala", srcid: "123", surface: "mobile", intent: {} };
    expect(await call(server, "card", question)).toMatchObject({
      action: "continue",
      data: { status: 0, data: { item_list: [{ title: "故宫博物院" }] } },
      error: null,
    });
    expect(await call(server, "card", { ...question, srcid: "124" })).toMatchObject({
      action: "reject",
      reason: "Invalid srcid",
    });
    // Another key under the same name: the webhook refuses, and what it answers is no reply.
    await server.api.ok("PUT", "/v1/keys/0", { json: { jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } } });
    expect(await call(server, "card", question)).toMatchObject({
      action: "reject",
      httpStatus: 400,
      error: "http_status",
    });
  });
});

describe("keys at rest", () => {
  it("cannot be read without the master key, which is nowhere in the folder either", async () => {
    await using folder = await temporaryFolder();
    const server = await Server.start({ folder: folder.path, env: { RINGBACK_MASTER_KEY: masterKey } });
    await server.api.ok("PUT", "/v1/keys/0", { json: { jwk } });
    await server.api.ok("PUT", "/v1/keys/1", { json: { jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } } });
    await server.api.ok("PUT", "/v1/keys/0", { json: { jwk } });
    const bytes = Buffer.from(secret);
    const master = Buffer.from(masterKey, "base64");
    const forms = [bytes, master].flatMap((key) => [
      key,
      ...(["base64", "base64url", "hex"] as const).map((encoding) => Buffer.from(key.toString(encoding))),
    ]);
    const expectNowhere = async () => {
      const files = (await readdir(folder.path, { recursive: true, withFileTypes: true })).filter((entry) =>
        entry.isFile(),
      );
      const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
      // The key is there: its name is, and what it is sealed in.
      expect(contents.some((content) => content.includes('"sealed":"eyJ'))).toBe(true);
      for (const content of contents) {
        for (const form of forms) expect(content.includes(form)).toBe(false);
      }
    };
    await expectNowhere();
    const { code, stdout, stderr } = await server.stop();
    expect(code).toBe(0);
    await expectNowhere();
    for (const form of forms) expect((stdout + stderr).includes(form.toString("latin1"))).toBe(false);
  });

  it("that no master key opens are named in the log, and what needs them says so", async () => {
    await using folder = await temporaryFolder();
    const hook = { urls: ["http://127.0.0.1:9/"], protocol: "opencard", key: "psk.1" };
    const first = await Server.start({ folder: folder.path, env: { RINGBACK_MASTER_KEY: masterKey } });
    await first.api.ok("PUT", "/v1/keys/psk.1", { json: { jwk } });
    await first.api.ok("PUT", "/v1/hooks/card", { json: hook });
    await first.stop();

    const changed = await Server.start({ folder: folder.path, env: { RINGBACK_MASTER_KEY: otherMasterKey } });
    await changed.logged(/"level":"warn".*"kids":\["psk\.1"\]/);
    expect(await changed.api.call("GET", "/v1/keys/psk.1")).toMatchObject({ json: { usable: false } });
    const refused = await changed.api.call("POST", "/v1/hooks/card/call", { json: {} });
    expect(refused).toMatchObject({ status: 409, json: { code: "key_unavailable" } });
    await changed.stop();

    const without = await Server.start({ folder: folder.path });
    expect((await without.api.call("PUT", "/v1/keys/0", { json: { jwk } })).json).toMatchObject({
      code: "master_key_missing",
      detail: expect.stringContaining("RINGBACK_MASTER_KEY"),
    });
    await without.stop();

    const both = `${otherMasterKey},${masterKey}`;
    await using rotated = await Server.start({ folder: folder.path, env: { RINGBACK_MASTER_KEY: both } });
    expect(await call(rotated, "card", { srcid: "123" })).toMatchObject({ error: "unreachable" });
  });
});

describe("a declaration that the server refuses stops the start with one line", () => {
  it.each([
    [
      `keys:\n  "0": {jwk: ${JSON.stringify(jwk)}}\n`,
      /^ringback: \S*ringback\.yaml:2: Keys are kept encrypted, .*RINGBACK_MASTER_KEY.*\n$/,
    ],
    [
      'hooks:\n  card:\n    urls: ["http://127.0.0.1:9/"]\n    protocol: opencard\n    key: "7"\n',
      /^ringback: \S*ringback\.yaml:2: key: There is no key "7"\.\n$/,
    ],
    [
      "callbacks:\n  onMessage: http://127.0.0.1:9/\nhooks:\n  onMessage: {urls: ['http://127.0.0.1:9/']}\n",
      /^ringback: \S*ringback\.yaml:4: onMessage stands under callbacks \(line 2\) as well; keep one of the two\n$/,
    ],
  ])("%j", async (text, line) => {
    await using folder = await temporaryFolder();
    const config = join(folder.path, "ringback.yaml");
    await writeFile(config, text);
    const { code, stderr } = await spawnServer({ folder: join(folder.path, "data"), args: ["--config", config] }).ended;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain(jwk.k);
  });
});

describe("a hostile reply", () => {
  const server = useServer();
  const opened: AsyncDisposable[] = [];
  beforeAll(() => server().api.putTopic("beside"));
  afterAll(async () => {
    for (const program of opened) await program[Symbol.asyncDispose]();
  });

  async function outcomeOf(
    reply: string | ((write: (text: string | Buffer) => boolean, closed: () => boolean) => void),
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
    const hook = { urls: [`${program.origin}/secret-path`], onError: "reject", timeoutMs: 3_000 };
    await server().api.ok("PUT", "/v1/hooks/h", { json: hook });
    const [outcome] = await Promise.all([
      call(server(), "h", { result: { a: 1 } }),
      // The server goes on with its other work.
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
    await expect.poll(() => ends.map((closed) => closed())).toEqual([true]);
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
      const outcome = await call(server(), "h", { result: { a: 1 } });
      expect(outcome).toMatchObject({ action: "reject", httpStatus: 403, error: null, data: { result: { a: 1 } } });
      expect(outcome.reason).toContain(reason);
    }
  });

  it("that refuses and never ends is a refusal in time", async () => {
    await using program = await RawReceiver.start(
      ({ socket }) => void socket.write(`${no}Content-Length: 100\r\n\r\nnot you`),
    );
    await server().api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.origin], timeoutMs: 500 } });
    expect(await call(server(), "h", {})).toMatchObject({ action: "reject", reason: "not you", error: null });
  });

  it("that trickles is late, whatever comes of it", async () => {
    const started = performance.now();
    const outcome = await outcomeOf((write, closed) => {
      write(`${json}Content-Length: 100000\r\n\r\n`);
      const more = setInterval(() => (closed() ? clearInterval(more) : void write(" ")), 50);
    });
    expect(outcome).toMatchObject({ action: "reject", error: "timeout" });
    expect(performance.now() - started).toBeGreaterThan(2_900);
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
    // oxlint-disable-next-line no-control-regex -- exactly these must not be there
    expect(name).not.toMatch(/[\u0000-\u001f"\\/\u007f\u202e]/);
    expect(name).not.toMatch(/^\.+$/);
  });

  it("that breaks its header with a line end is no header of a file", async () => {
    const outcome = await outcomeOf(file('attachment; filename="a\rX-Evil: 1\r\n.txt"'));
    expect(JSON.stringify(outcome.attachments)).not.toMatch(/\\r|\\n|X-Evil/);
  });
});

describe("a server that stops", () => {
  it("lets the call under way end, and answers it", async () => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    const { promise: called, resolve: arrived } = Promise.withResolvers<void>();
    await using program = await listen((request, response) => {
      request.resume();
      arrived();
      void mayAnswer.then(() => response.writeHead(403).end("not today"));
    });
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    await server.api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.url] } });
    const outcome = call(server, "h", {});
    await called;
    const stopped = server.stop();
    await server.logged(/"msg":"stopping"/);
    answer();
    expect(await outcome).toMatchObject({ action: "reject", reason: "not today" });
    expect((await stopped).code).toBe(0);
  });

  it("cuts a call that outlasts its grace", async () => {
    const { promise: called, resolve: arrived } = Promise.withResolvers<void>();
    await using program = await listen((request) => {
      request.resume();
      arrived();
    });
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "200"] });
    await server.api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.url], timeoutMs: 60_000 } });
    const outcome = call(server, "h", {}).catch((error: unknown) => error);
    await called;
    const { code } = await server.stop();
    expect(code).toBe(0);
    const ended = await outcome;
    expect(ended instanceof Error || (ended as OutcomeView).error === "aborted").toBe(true);
  });
});
