import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { curlText, filledPath, httpText, type FormRequest } from "./request.ts";

const request: FormRequest = {
  method: "PUT",
  path: filledPath("/v1/topics/{topic}/subscriptions/{subscription}", { topic: "a b", subscription: "" }),
  headers: { "content-type": "application/json" },
  body: { description: "it's $HOME `date` \\", filter: { tags: ["a", ""] } },
};

it("writes the request with the names that are known", () => {
  expect(httpText(request)).toBe(
    "PUT /v1/topics/a%20b/subscriptions/{subscription}\ncontent-type: application/json\n\n" +
      '{\n  "description": "it\'s $HOME `date` \\\\",\n  "filter": {\n    "tags": [\n      "a"\n    ]\n  }\n}',
  );
});

it("writes a command whose words a shell reads as they were", () => {
  const command = curlText(request, "http://127.0.0.1:8000", true);
  const words = execFileSync("sh", ["-c", command.replace("curl", "printf '%s\\0'")], {
    encoding: "utf8",
    env: { RINGBACK_TOKEN: "rbk_1" },
  }).split("\0");
  expect(words.slice(0, 7)).toEqual([
    "-X",
    "PUT",
    "http://127.0.0.1:8000/v1/topics/a%20b/subscriptions/{subscription}",
    "-H",
    "authorization: Bearer rbk_1",
    "-H",
    "content-type: application/json",
  ]);
  expect(JSON.parse(words[8] ?? "")).toEqual({ description: "it's $HOME `date` \\", filter: { tags: ["a"] } });
});
