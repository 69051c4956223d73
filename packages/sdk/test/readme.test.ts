/**
 * The programs in the SDK's README. Real: the published package, the compiler, a process for each program, and HTTP.
 * Faked: the port numbers. The README's ports may be in use.
 */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { PublishedPackage } from "./published-package.ts";
import { publishedPackage, typeScript } from "./published-package.ts";

const names = ["node", "fetch", "express", "fastify", "hooks", "opencard"] as const;
type Name = (typeof names)[number];
const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

describe("the README's program", () => {
  let published: PublishedPackage;
  const ports = new Map<string, number>();
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    published = await publishedPackage(["express", "fastify", "hono", "@types/express", "@types/node"]);
    const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
    const programs = Array.from(readme.matchAll(/^```ts\n([^]*?)^```$/gm), ([, program]) => program ?? "");
    if (programs.length !== names.length) throw new Error(`the README has ${programs.length} programs`);
    for (const [at, name] of names.entries()) {
      let program = programs[at] ?? "";
      for (const port of new Set(program.match(/\b900\d\b/g))) {
        if (!ports.has(port)) ports.set(port, await freePort());
        program = program.replaceAll(port, String(ports.get(port)));
      }
      await writeFile(join(published.folder, `${name}.ts`), program);
    }
    await writeFile(join(published.folder, "package.json"), '{"type": "module"}');
  });
  afterEach(async () => {
    await Promise.all(
      running.splice(0).map(async (child) => {
        const exited = new Promise((resolve) => child.once("close", resolve));
        if (child.kill()) await exited;
      }),
    );
  });
  afterAll(() => published[Symbol.asyncDispose]());

  it("compiles with the settings of a new project", async () => {
    const options = ["--strict", "--noEmit", "--target", "es2024", "--types", "node", "--module", "nodenext"];
    await typeScript([...options, ...names.map((name) => `${name}.ts`)], published.folder);
  });

  it("for node:http accepts a push of CMQ", async () => {
    const { output } = start("node");
    const push =
      '{"TopicOwner":1,"topicName":"t","subscriptionName":"s","msgId":"7","msgBody":"hello","publishTime":1}';
    expect(await answer("9001", "/", { body: push })).toEqual([200, "ok"]);
    expect(output()).toBe("7 hello\n");
  });

  it("for Fetch accepts an event", async () => {
    const event = '{"specversion":"1.0","id":"1","source":"/s","type":"paid","data":{"a":1}}';
    await writeFile(
      join(published.folder, "ask.ts"),
      `import app from "./fetch.ts";
      const headers = { "content-type": "application/cloudevents+json" };
      const request = new Request("http://h.example/callbacks", { method: "POST", headers, body: '${event}' });
      console.log((await app.fetch(request)).status);`,
    );
    const { output, ended } = start("ask");
    await ended;
    expect(output()).toBe("paid { a: 1 }\n204\n");
  });

  it("for Express accepts signed requests, and nothing else", async () => {
    const { output } = start("express");
    const sentAt = new Date();
    const headers = {
      "webhook-id": "1",
      "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign("1", sentAt, '{"a":1}'),
    };
    expect(await answer("9003", "/callbacks", { headers, body: '{"a":1}' })).toEqual([204, ""]);
    expect((await answer("9003", "/callbacks", { headers, body: '{"a":2}' }))[0]).toBe(403);
    await expect.poll(output).toBe("{ a: 1 }\nuntrusted wrong_signature\n");
  });

  it("for Fastify answers the calls of the program with hooks", async () => {
    start("fastify");
    expect((await answer("9004", "/callbacks/onPreSend", { body: "{}" }))[1]).toBe("The rules are fine.");
    const { output, ended } = start("hooks");
    await ended;
    expect(output()).toBe('reject Only /test is allowed.\n{"result":{"Name":["a"],"Checked by":["us"]}}\n');
  });

  it("for Opencard calls itself, and ends", async () => {
    const { output, ended } = start("opencard");
    await ended;
    expect(output()).toBe('{"status":0,"msg":"","data":{"title":"Palace Museum"}}\n');
  });

  function start(name: Name | "ask") {
    // The program must not inherit the import conditions of the process that runs the tests.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, [`${name}.ts`], {
      cwd: published.folder,
      env: { ...env, WEBHOOK_SECRET: secret },
    });
    running.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += String(piece)));
    return { output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
  }

  /** Repeats the request until the program listens. */
  async function answer(
    port: string,
    path: string,
    init: RequestInit,
  ): Promise<readonly [status: number, body: string]> {
    const url = `http://127.0.0.1:${ports.get(port)}${path}`;
    for (;;) {
      try {
        const response = await fetch(url, { method: "POST", ...init });
        return [response.status, await response.text()];
      } catch {
        await pause(20);
      }
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
