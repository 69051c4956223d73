import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const linter = `${root}node_modules/@redocly/cli/bin/cli.js`;
const document = `${root}docs/reference/openapi.json`;

interface Report {
  readonly problems: readonly { readonly ruleId: string; readonly message: string }[];
}

describe("the OpenAPI document", () => {
  it("passes Redocly's recommended rules, without an error or a warning", async () => {
    const args = [linter, "lint", document, "--extends=recommended", "--format=json"];
    // Without these, the linter reports its use and looks for a newer version.
    const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 2 ** 26 });
    const { problems } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Report;
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });
});
