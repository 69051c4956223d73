import { describe, expect, it } from "vitest";
import { createLog } from "./log.ts";
import type { LogLevel } from "./log-levels.ts";

function lines(
  use: (log: ReturnType<typeof createLog>) => void,
  options: { level?: LogLevel; pretty?: boolean } = {},
): string[] {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  use(createLog({ level: options.level ?? "info", pretty: options.pretty ?? false, destination }));
  return written;
}

describe("the log", () => {
  it("writes JSON lines with level, time and members", () => {
    const [line = ""] = lines((log) => {
      log.info({ port: 8000 }, "Listening");
    });
    expect(JSON.parse(line)).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      port: 8000,
      msg: "Listening",
    });
  });

  it("leaves out lines below its level", () => {
    const written = lines(
      (log) => {
        log.info("no");
        log.warn("yes");
      },
      { level: "warn" },
    );
    expect(written).toHaveLength(1);
  });

  it.each([
    { authorization: "hunter2" },
    { headers: { authorization: "hunter2" } },
    { request: { headers: { authorization: "hunter2" } } },
    { push: { headers: { Authorization: "hunter2" } } },
    { key: { secretKey: "hunter2" } },
    { token: "hunter2" },
    { a: { b: { jwk: { k: "hunter2" } } } },
  ])("hides the credentials in %j", (members) => {
    const [line] = lines((log) => {
      log.info(members, "x");
    });
    expect(line).toContain("[hidden]");
    expect(line).not.toContain("hunter2");
  });

  it("writes readable lines with `pretty`, with an error's stack below", () => {
    const [first = "", second = ""] = lines(
      (log) => {
        log.info({ address: "127.0.0.1:8000", topics: 3 }, "Listening");
        log.error({ err: new Error("no disk") }, "Cannot write");
      },
      { pretty: true },
    ).map(plain);
    expect(first).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO  Listening address=127\.0\.0\.1:8000 topics=3\n$/);
    expect(second).toMatch(/ERROR Cannot write\n {4}Error: no disk\n {4} +at /);
  });

  it("escapes whatever could forge a readable line: line breaks and control sequences", () => {
    const [line = ""] = lines(
      (log) => {
        log.warn(
          { errorDetail: "a\r\nb\u001b[2K\u009b1Ac\u2028d", err: { stack: "one\n\rtwo" } },
          "failed\nINFO  fine",
        );
      },
      { pretty: true },
    ).map(plain);
    const detail = String.raw`errorDetail=a\u000d\u000ab\u001b[2K\u009b1Ac\u2028d`;
    expect(line.slice(13)).toBe(`WARN  failed\\u000aINFO  fine ${detail}\n    one\n    \\u000dtwo\n`);
  });
});

/** Returns the text without terminal colours. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- colours begin with an escape character
  return text.replaceAll(/\u001b\[\d+m/g, "");
}
