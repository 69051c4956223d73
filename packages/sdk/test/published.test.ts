/**
 * The package that npm would publish. Real: the build, npm's list of files, and the compiler. The compiler compiles a
 * program that uses the SDK.
 */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { PublishedPackage } from "./published-package.ts";
import { publishedPackage, typeScript } from "./published-package.ts";
import { runtimes } from "./runtimes/installed.ts";

const run = promisify(execFile);

/** Uses every adapter with the types of its framework, compiled with the settings of a new project. */
const program = `
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createHooks, dispatcherPost } from "@ringback/sdk/hooks";
import { createOpencardReceiver } from "@ringback/sdk/opencard";
import { pushProtocols } from "@ringback/sdk/protocols";
import {
  createCmqReceiver, createKoipyReceiver, createWebhookReceiver, image, merge, messageText, reject,
  toExpressHandler, toFastifyPlugin, toFetchHandler, toLambdaHandler, toNodeHandler,
} from "@ringback/sdk/receive";
import type { DeduplicationStore, Receiver } from "@ringback/sdk/receive";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { Agent, Pool } from "undici";

const receiver: Receiver = createCmqReceiver({ onMessage: async (message) => console.log(messageText(message)) });
export const servers = [createServer(toNodeHandler(receiver)), createHttp2Server(toNodeHandler(receiver))];
export const app = express().use("/callbacks", toExpressHandler(receiver));
app.post("/callbacks", toExpressHandler(receiver));
export const plugin = fastify({ http2: false }).register(toFastifyPlugin(receiver), { prefix: "/callbacks" });
const handler = toFetchHandler(receiver);
export const hono = new Hono().post("/callbacks", (context) => handler(context.req.raw));
export const worker = { fetch: handler };
export const lambda = toLambdaHandler(receiver);
const store: DeduplicationStore = { claim: () => "new", done: async () => undefined, release: () => undefined };
export const koipy = createKoipyReceiver({
  onMessage: ({ message }) => (message === undefined ? reject("no") : undefined),
  onPreSend: async () => image(new Uint8Array(), "image/png"),
  onResult: ({ result }) => merge({ result: { ...result } }),
});
export const others: Receiver[] = [
  createWebhookReceiver({ secrets: "whsec_", deduplicate: { ttlMs: 1 }, onMessage: () => undefined }),
  createWebhookReceiver({ secrets: "whsec_", deduplicate: { store }, onMessage: () => undefined }),
  createOpencardReceiver({ keys: {}, cards: {} }),
];
export const names: string[] = pushProtocols.map(({ name }) => name);
export const outcome = createHooks({ hook: "http://example.com/" }).call("hook", {});
export const lean = createHooks({ hook: "http://example.com/" }, { post: dispatcherPost(new Agent()) });
export const leaner = createHooks({ hook: "http://example.com/" }, { post: dispatcherPost(new Pool("http://example.com")) });
`;

/** Koa's own types have an error beside newer packages, which the compiler must skip. */
const koaProgram = `
import { createCmqReceiver, toKoaMiddleware } from "@ringback/sdk/receive";
import Koa from "koa";

export const koa = new Koa().use(toKoaMiddleware(createCmqReceiver({ onMessage: () => undefined })));
`;

/** Uses every entry point of the package, and no framework. */
const plainProgram = `
import { createClient as sameClient } from "@ringback/sdk";
import { createClient } from "@ringback/sdk/client";
import { createHooks } from "@ringback/sdk/hooks";
import { createOpencardReceiver } from "@ringback/sdk/opencard";
import { pushProtocols } from "@ringback/sdk/protocols";
import { toFetchHandler } from "@ringback/sdk/receive";

export const handler = toFetchHandler(createOpencardReceiver({ keys: { "0": "MDEyMzQ1Njc4OWFiY2RlZg" }, cards: {} }));
export const names: string[] = pushProtocols.map(({ name }) => name);
export const outcome = () => createHooks({ hook: "http://example.com/" }).call("hook", {});
export const isOne: boolean = createClient === sameClient;
export const seq = (): Promise<number> =>
  createClient({ url: "http://127.0.0.1:8000" }).publish("t", { body: "b" }).then((published) => published.seq);
`;

const browser = ["--lib", "es2022,dom,dom.iterable", "--types", ""];

/** TypeScript 5 still has the settings of older projects. */
const typeScript5 = join(import.meta.dirname, "../../../codegen/node_modules/typescript/bin/tsc");

describe("the published SDK", () => {
  let published: PublishedPackage;
  let files: readonly string[];
  beforeAll(async () => {
    const frameworks = ["express", "fastify", "hono", "undici", "koa", "@types/express", "@types/koa", "@types/node"];
    published = await publishedPackage(frameworks);
    files = await packedFiles(published.packageFolder);
  });
  afterAll(() => published[Symbol.asyncDispose]());

  it("contains what a program needs and nothing else: no tests, no test data, nothing of the server", async () => {
    const strange = files.filter(
      (file) => !/^dist\/(?:commonjs\/)?(?:(?:protocols|receive|hooks|client|opencard)\/|index\.)/.test(file),
    );
    expect(strange.toSorted()).toEqual(["LICENSE", "README.md", "dist/commonjs/package.json", "package.json"]);
    expect(files.filter((file) => /test|contract|vectors|seeds/.test(file))).toEqual([]);
    expect(files.filter((file) => !/\.(?:d\.ts|js|js\.map)$/.test(file)).toSorted()).toEqual([
      "LICENSE",
      "README.md",
      "dist/commonjs/package.json",
      "package.json",
    ]);
    const sources = await Promise.all(
      files.filter((file) => file.endsWith(".js")).map((file) => readFile(join(published.packageFolder, file), "utf8")),
    );
    expect(sources.filter((source) => /(?:from |require\()"(?:node:|ringback)|packages\/server/.test(source))).toEqual(
      [],
    );
  });

  it("has a file for every entry of its exports", async () => {
    const { exports } = JSON.parse(await readFile(join(published.packageFolder, "package.json"), "utf8")) as {
      exports: Record<string, Record<"import" | "require", Record<string, string>>>;
    };
    for (const kinds of Object.values(exports)) {
      for (const { types, default: file } of [kinds.import, kinds.require]) {
        expect(files).toContain(types?.slice(2));
        expect(files).toContain(file?.slice(2));
      }
    }
  });

  it.each([
    ["types that fit every framework, for a program resolved by", "nodenext", "nodenext", program],
    ["types for a program resolved by", "bundler", "preserve", plainProgram],
    ["types for browsers, for a program resolved by", "bundler", "preserve", plainProgram, ...browser],
    ["types that fit Koa, for a program resolved by", "nodenext", "nodenext", koaProgram, "--skipLibCheck"],
  ])("has %s %s", async (_what, moduleResolution, module, text, ...more) => {
    const { folder } = published;
    await writeFile(join(folder, "package.json"), '{"type": "module"}');
    await writeFile(join(folder, "program.ts"), text);
    const options = ["--strict", "--noEmit", "--target", "es2022", "--types", "node", ...more];
    await typeScript([...options, "--module", module, "--moduleResolution", moduleResolution, "program.ts"], folder);
  });

  it.each([
    ["of classic TypeScript", "commonjs", "node10"],
    ["of TypeScript for Node", "node16", "node16"],
    ["of TypeScript for the newest Node", "nodenext", "nodenext"],
  ])("can be loaded by a CommonJS program %s, with its types", async (_what, module, moduleResolution) => {
    const { folder } = published;
    await writeFile(join(folder, "package.json"), '{"type": "commonjs"}');
    await writeFile(join(folder, "program.ts"), `${plainProgram}console.log(isOne, names.length > 10);\n`);
    const options = ["--strict", "--target", "es2022", "--types", "node", "--skipLibCheck"];
    const args = [...options, "--module", module, "--moduleResolution", moduleResolution, "program.ts"];
    await run(process.execPath, [typeScript5, ...args], { cwd: folder }).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    });
    const { NODE_OPTIONS: _, ...env } = process.env;
    // Opencard needs `jose`, which has ES modules only, so Node must be able to `require` these.
    for (const { program } of runtimes().filter(({ major, fault }) => major > 20 && fault === null)) {
      const { stdout } = await run(program, ["program.js"], { cwd: folder, env });
      expect(stdout).toBe("true true\n");
    }
  });
});

describe("docs/guide/receiving.md", () => {
  it("has programs that compile", async () => {
    await using published = await publishedPackage(["@types/node"]);
    const guide = await readFile(join(import.meta.dirname, "../../../docs/guide/receiving.md"), "utf8");
    const programs = Array.from(guide.matchAll(/^```ts\n([^]*?)^```$/gm), ([, program = ""]) => program);
    expect(programs).toHaveLength(2);
    const names = programs.map((_, at) => `program${at}.ts`);
    for (const [at, name] of names.entries()) await writeFile(join(published.folder, name), programs[at] ?? "");
    await writeFile(join(published.folder, "package.json"), '{"type": "module"}');
    const options = ["--strict", "--noEmit", "--target", "es2022", "--types", "node", "--module", "nodenext"];
    await typeScript([...options, ...names], published.folder);
  });
});

async function packedFiles(folder: string): Promise<readonly string[]> {
  const npm = process.env["npm_execpath"];
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const { stdout } =
    npm === undefined
      ? await run("npm", args, { cwd: folder, shell: process.platform === "win32" })
      : await run(process.execPath, [npm, ...args], { cwd: folder });
  const [packed] = JSON.parse(stdout) as readonly { readonly files: readonly { readonly path: string }[] }[];
  return (packed?.files ?? []).map(({ path }) => path);
}
