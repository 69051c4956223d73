import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { curlOfRequest, quoted, type SentRequest } from "./curl.ts";

// Real: a POSIX shell. A function of the shell stands for curl and prints its arguments and its input.
const printing = "curl() { printf '<%s>' \"$@\"; case \"$*\" in *@-*) printf '|'; od -An -tx1;; esac; }\n";

function run(request: Partial<SentRequest>): string {
  const whole = { method: "POST", url: "http://h/", headers: [], bodyBytes: 0, truncated: false, ...request };
  return execFileSync("sh", ["-c", printing + curlOfRequest(whole, "SECRET")], { encoding: "utf8" });
}

it("The shell sees each header and the body as they were, whatever they contain.", () => {
  const body = "it's $(touch /tmp/x) `id` \\ \"\n@file ü";
  const url = "http://h/a?b='c'&d=$e";
  const headers = [
    { name: "Host", value: "h" },
    { name: "X-Odd", value: "'; rm -rf / #" },
    { name: "X-Empty", value: "" },
    { name: "Authorization", value: null },
    { name: "content-type", value: "text/plain" },
  ];
  const given = ["-H", "X-Odd: '; rm -rf / #", "-H", "X-Empty;", "-H", "Authorization: SECRET"];
  const own = ["-H", "content-type: text/plain", "-H", "Accept:", "-H", "User-Agent:"];
  const words = ["-X", "POST", url, ...given, ...own, "--data-raw", body];
  expect(run({ url, headers, body })).toBe(words.map((word) => `<${word}>`).join(""));
});

it("Bytes that are no text reach curl over a pipe.", () => {
  const inputs = [{ bodyBase64: "AP+A" }, { body: "a\0ü" }].map((request) => run(request).split("|")[1]?.trim());
  expect(inputs).toEqual(["00 ff 80", "61 00 c3 bc"]);
});

it("A word without a quote stands in quotes.", () => {
  expect([quoted(""), quoted("a b"), quoted("'")]).toEqual(["''", "'a b'", String.raw`''\'''`]);
});
