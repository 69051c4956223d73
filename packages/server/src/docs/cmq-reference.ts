import { actions } from "../compat/cmq/actions.ts";
import { cmqErrorTable } from "../compat/cmq/errors.ts";
import { limits } from "../domain/limits.ts";
import { oldTc3Actions, tc3Actions } from "../compat/cmq/tc3-actions.ts";

interface ErrorRow {
  readonly code: number;
  readonly module: number;
  readonly message: string;
  readonly tc3: string;
  readonly unused?: string;
}

/** docs/reference/cmq.md: every action and every error code of CMQ's API with its state here. */
export function cmqReference(): string {
  const errors: readonly ErrorRow[] = Object.values(cmqErrorTable);
  return `# CMQ

<!-- Made by \`npm run generate\` from packages/server/src/compat/cmq; change it there. -->

What programs for Tencent Cloud CMQ find here. They sign with a pair of keys of \`/v1/api-keys\`.

## API 2.0

\`GET\` with a query or \`POST\` of a form to \`/v2/index.php\`, signed with HmacSHA1 or HmacSHA256. Every answer has status 200; \`code\` tells.

A \`GET\` has room for ${limits.requestHeaderBytesMax / 1024} KiB of query and headers; a longer one is no request of this API any more and is answered with status 431. What is larger goes by \`POST\`.
A body of more than ${limits.cmqRequestBytesMax / 1024} KiB, escapes included, is 10420. The signed \`Host\` must reach the server as the client sent it: a proxy in front must pass it on.
In the names of parameters an underscore is a dot, as in what is signed. Signatures are remembered against replays for as long as their timestamps are in time, at most ${limits.cmqSeenRequestsMax.toLocaleString("en")} on each node; past that requests are refused with 10250 (\`cmqRefuseReplays\`).

| action | state | how |
|---|---|---|
${[...actions].map(([name, { about }]) => `| \`${name}\` | served | ${about} |`).join("\n")}

## The newer form

\`POST /\` with \`X-TC-Action\`, signed with TC3-HMAC-SHA256.

| action | version | state |
|---|---|---|
${[...tc3Actions.keys()].map((name) => `| \`${name}\` | 2020-02-17 | served |`).join("\n")}
${[...oldTc3Actions.keys()].map((name) => `| \`${name}\` | 2019-03-04 | served |`).join("\n")}

## Error codes

A message begins with the module code in brackets; what follows may say more than this table. The newer form has a code in words instead.

| code | module code | in the newer form | state | meaning |
|---|---|---|---|---|
${errors.map(row).join("\n")}
`;
}

function row({ code, module, message, tc3, unused }: ErrorRow): string {
  const state = unused === undefined ? "given" : `never given: ${unused}`;
  return `| ${code} | ${module} | \`${tc3}\` | ${state} | ${message} |`;
}
