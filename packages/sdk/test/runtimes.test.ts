/**
 * The published SDK on every runtime that it supports. Real: the built package under its published name, four versions
 * of Node, Bun and Deno, and HTTP between a server and a client in each. Nothing is faked.
 */

import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { PublishedPackage } from "./published-package.ts";
import { publishedPackage } from "./published-package.ts";
import { otherRuntimes, runtimes } from "./runtimes/installed.ts";

const run = promisify(execFile);

describe("the SDK", () => {
  let published: PublishedPackage;
  beforeAll(async () => {
    published = await publishedPackage();
    await copyFile(join(import.meta.dirname, "runtime-suite.mjs"), join(published.folder, "suite.mjs"));
  });
  afterAll(() => published[Symbol.asyncDispose]());

  it.each(runtimes())("runs on Node $major", async ({ major, program, fault }) => {
    if (fault !== null) throw new Error(fault);
    const report = await reportOf(program, published.folder);
    expect(report.node).toMatch(new RegExp(`^v${major}\\.`));
    expect(report.failed).toEqual([]);
    expect(report.passed.length).toBeGreaterThan(20);
  });

  it.each(otherRuntimes())("runs on $name", async ({ program, args, fault }) => {
    if (fault !== null) throw new Error(fault);
    const report = await reportOf(program, published.folder, args);
    expect(report.failed).toEqual([]);
    expect(report.passed.length).toBeGreaterThan(20);
  });
});

interface Report {
  readonly node: string;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

async function reportOf(program: string, cwd: string, args: readonly string[] = []): Promise<Report> {
  // The program must not inherit the import conditions and the type stripping of the process that runs the tests.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run(program, [...args, "suite.mjs"], { cwd, env });
  return JSON.parse(stdout) as Report;
}
