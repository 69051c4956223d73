import { errorTable, mayPass, RingbackError, type ErrorCode } from "../domain/errors.ts";
import { problemOf } from "../http/problem.ts";
import type { Page } from "./api-pages.ts";
import { anchorOf, pageOfTag, routesOf, type OpenapiDocument, type Route } from "./openapi-document.ts";

/** Returns a page for each error. The `type` of a problem is the path of its page. */
export function errorPages(document: OpenapiDocument): Page[] {
  const routes = routesOf(document);
  return (Object.keys(errorTable) as ErrorCode[]).map((code) => ({
    path: `errors/${code}.md`,
    text: errorPage(
      code,
      routes.filter((route) => answersWith(route, code)),
    ),
  }));
}

function answersWith({ responses }: Route, code: ErrorCode): boolean {
  return Object.values(responses).some(({ description }) => description.includes(`\`${code}\``));
}

function errorPage(code: ErrorCode, routes: readonly Route[]): string {
  const { status, title } = errorTable[code];
  const example = problemOf(new RingbackError(code, title), "0d6a3bd9-6c0b-4c7e-9a51-1c1e4b2f7a10");
  return `# ${code}

<!-- Made by \`npm run generate\` from packages/server/src/domain/errors.ts; change it there. -->

${title}

* HTTP status: ${status}
* The same request may succeed later: ${mayPass(code) ? "yes" : "no"}

## What to do

${adviceOn(code)}

The \`detail\` of the problem says what is wrong with your request. The server's log has more under the same
\`requestId\`.

## Example

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`

## Requests that can get this error

${requestList(routes)}
`;
}

function adviceOn(code: ErrorCode): string {
  const { status } = errorTable[code];
  if (status === 503 || status === 429)
    return "Wait as long as the header `Retry-After` says, then send the request again.";
  if (mayPass(code)) return "Send the request again after a pause. If it fails again and again, read the server's log.";
  if (status === 401) return "Check the API key of the request, and send the request again with a valid one.";
  if (status === 403) return "Use an API key whose role, account and topics allow this request.";
  if (status === 404) return "Check the names in the path, and the account of the API key.";
  if (status === 409)
    return "Read the present state of the resource, and decide by it. Repeating the request has no use.";
  return "Correct the request. Repeating it unchanged has no use.";
}

function requestList(routes: readonly Route[]): string {
  if (routes.length === 0) return "Requests outside the documented API, such as those to unknown paths.";
  return routes
    .map((route) => {
      const link = `../api/${pageOfTag(route.tags[0] ?? "")}.md#${anchorOf(route)}`;
      return `* [\`${route.method} ${route.path}\`](${link})`;
    })
    .join("\n");
}
