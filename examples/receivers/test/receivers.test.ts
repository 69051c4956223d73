/**
 * Real: each example as a process, its framework and its runtime from npm, the built SDK, HTTP on loopback. Faked: the
 * ports, and the sender, which signs as Standard Webhooks describes. For AWS Lambda the events are faked.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import middy from "@middy/core";
import httpJsonBodyParser from "@middy/http-json-body-parser";
import { rolldown } from "rolldown";
import { describe, expect, it, vi } from "vitest";
import { examples, type Program, secret, signedRequest, started, statusOf } from "./running.ts";

/** Digits, spaces and letters that no parser and serialiser would write in the same way. */
const body = '{ "amount": 1.0, "id": 12345678901234567890, "who": "故宫" }';

const binaries = join(examples, "node_modules");
const node = (file: string) => started(process.execPath, () => [file], examples);

/** Node cannot run decorators yet. */
const nest = await built("nest.ts");

const runs: Readonly<Record<string, () => Promise<Program>>> = {
  Express: () => node("express.ts"),
  Koa: () => node("koa.ts"),
  NestJS: () => node(nest),
  "h3, version 2": () => node("h3.ts"),
  "Nuxt's h3, version 1": () => node("nuxt.ts"),
  "Google Cloud Functions": () =>
    started(
      process.execPath,
      (port) => [
        join(binaries, "@google-cloud/functions-framework/build/src/main.js"),
        "--source=google-function.ts",
        "--target=webhooks",
        `--port=${port}`,
      ],
      examples,
    ),
  Next: () =>
    started(
      process.execPath,
      (port) => [join(binaries, "next/dist/bin/next"), "dev", "-H", "127.0.0.1", "-p", String(port)],
      join(examples, "next"),
    ),
  SvelteKit: () =>
    started(
      process.execPath,
      (port) => [join(binaries, "vite/bin/vite.js"), "--host", "127.0.0.1", "--port", String(port)],
      join(examples, "sveltekit"),
    ),
  "Cloudflare Workers": cloudflare,
  Deno: () =>
    started(
      join(binaries, ".bin/deno"),
      () => ["run", "--node-modules-dir=manual", "--no-remote", "--allow-net", "--allow-env", "deno.ts"],
      examples,
    ),
  Bun: () =>
    started(join(binaries, `@oven/bun-${process.platform}-${process.arch}/bin/bun`), () => ["run", "bun.ts"], examples),
};

describe("the example for NestJS without rawBody", () => {
  it("answers 500, and says what to do", async () => {
    await using program = await started(process.execPath, () => [nest], examples, { RAW_BODY: "false" });
    expect(await statusOf(program, signedRequest(body))).toBe(500);
    await expect.poll(() => program.output()).toContain("create the application with { rawBody: true }");
  });
});

/** Events with the members that AWS documents. */
describe("the example for AWS Lambda", () => {
  const { headers } = signedRequest(body);
  const format1 = { httpMethod: "POST", path: "/webhooks", headers, multiValueHeaders: null, isBase64Encoded: false };
  const format2 = { version: "2.0", rawPath: "/webhooks", rawQueryString: "", headers, isBase64Encoded: true };
  const http = { method: "POST", path: "/webhooks" };

  it.each([
    ["of format 1.0", { ...format1, requestContext: { httpMethod: "POST" }, body }],
    ["of format 2.0", { ...format2, requestContext: { http }, body: Buffer.from(body).toString("base64") }],
  ])("accepts an event %s, and nothing that was changed", async (_format, event) => {
    vi.stubEnv("WEBHOOK_SECRET", secret);
    const { handler } = await import("../lambda.ts");
    const context = {} as never;
    expect(await handler(event)).toMatchObject({ statusCode: 204 });
    expect(await handler({ ...event, body: body.replace(" ", ""), isBase64Encoded: false })).toMatchObject({
      statusCode: 403,
    });
    const parsing = middy(handler as never).use(httpJsonBodyParser());
    await expect(parsing({ ...event } as never, context)).rejects.toThrow("call the receiver before a middleware");
  });
});

describe.each(Object.entries(runs))("the example for %s", (_name, run) => {
  it("accepts the sender's bytes, and nothing that was changed", async () => {
    await using program = await run();
    const { id, ...request } = signedRequest(body);
    expect(await statusOf(program, request), program.output()).toBe(204);
    await expect.poll(() => program.output()).toContain(`received ${id} ${body}`);
    expect(await statusOf(program, { ...request, body: body.replace(" ", "") })).toBe(403);
    expect(await statusOf(program, signedRequest("故宫", "text/plain"))).toBe(204);
    expect(await statusOf(program, signedRequest("a=1&b=%20", "application/x-www-form-urlencoded"))).toBe(204);
    expect(program.output()).not.toContain("body_already_read");
  });
});

async function built(file: string): Promise<string> {
  const bundle = await rolldown({
    input: join(examples, file),
    external: (id) => !id.startsWith(".") && !id.startsWith("/") && !id.startsWith("@oxc-project/"),
    transform: { decorator: { legacy: true } },
    logLevel: "silent",
  });
  const name = `dist/${file.replace(".ts", ".mjs")}`;
  await bundle.write({ file: join(examples, name), format: "esm" });
  return name;
}

/** Cloudflare's own runtime, with the worker and the SDK in one file, as `wrangler` uploads them. */
async function cloudflare(): Promise<Program> {
  const bundle = await rolldown({ input: join(examples, "worker.ts"), platform: "neutral", logLevel: "silent" });
  await bundle.write({ file: join(examples, "dist/worker.js"), format: "esm" });
  return started(
    join(binaries, ".bin/workerd"),
    (port) => ["serve", "dist/workerd.capnp", `--socket-addr=http=127.0.0.1:${port}`],
    await written(
      "dist/workerd.capnp",
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  bindings = [(name = "WEBHOOK_SECRET", text = "${secret}")],
  compatibilityDate = "2026-01-01"
);
`,
    ),
  );
}

async function written(file: string, text: string): Promise<string> {
  await writeFile(join(examples, file), text);
  return examples;
}
