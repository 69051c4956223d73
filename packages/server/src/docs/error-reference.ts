import { errorTable, mayPass, RingbackError, type ErrorCode } from "../domain/errors.ts";
import { problemContentType, problemOf } from "../http/problem.ts";

/** Returns the text of docs/reference/errors.md, which shows the table of errors. */
export function errorReference(): string {
  const codes = Object.keys(errorTable) as ErrorCode[];
  const example = RingbackError.at("invalid_request", "push.url", "is missing");
  return `# Errors

<!-- Made by \`npm run generate\` from packages/server/src/domain/errors.ts; change it there. -->

Every failure of the API is a problem document (RFC 9457, \`${problemContentType}\`). Programs decide by \`code\`, which never
changes its meaning; \`detail\` and \`errors\` are for people and may be reworded. \`errors\` names the fields that are wrong, as
paths such as \`push.url\` or \`messages[3].tags[0]\`. With a 503 the \`Retry-After\` header says when to try again, in seconds.
\`requestId\` is the id of the request. The header \`X-Request-Id\` of the answer has it, and so have the lines about the
request in the server's log. A client can choose the id: it sends that header with up to 64 letters, digits and
\`. _ : = + / -\`. \`type\` is the path of the error's page on this site; the server answers there, too, in Markdown.

\`\`\`json
${JSON.stringify(problemOf(example, "0d6a3bd9-6c0b-4c7e-9a51-1c1e4b2f7a10"), null, 2)}
\`\`\`

| code | status | same request may succeed later | meaning |
|---|---|---|---|
${codes.map(row).join("\n")}
`;
}

function row(code: ErrorCode): string {
  const { status, title } = errorTable[code];
  return `| [\`${code}\`](errors/${code}.md) | ${status} | ${mayPass(code) ? "yes" : "no"} | ${title} |`;
}
