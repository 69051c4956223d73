import { errorTable, RingbackError, type ErrorCode } from "../domain/errors.ts";
import { errorPage } from "../http/error-pages.ts";
import { problemOf } from "../http/problem.ts";
import type { Page } from "./api-pages.ts";
import { anchorOf, pageOfTag, routesOf, type OpenapiDocument, type Route } from "./openapi-document.ts";

const madeFromErrors =
  "<!-- Made by `npm run generate` from packages/server/src/domain/errors.ts; change it there. -->";

/** Returns a page for each error. The `type` of a problem is the path of its page. */
export function errorPages(document: OpenapiDocument): Page[] {
  const routes = routesOf(document);
  return (Object.keys(errorTable) as ErrorCode[]).map((code) => ({
    path: `errors/${code}.md`,
    text: sitePage(
      code,
      routes.filter((route) => answersWith(route, code)),
    ),
  }));
}

function answersWith({ responses }: Route, code: ErrorCode): boolean {
  return Object.values(responses).some(({ description }) => description.includes(`\`${code}\``));
}

function sitePage(code: ErrorCode, routes: readonly Route[]): string {
  const example = problemOf(new RingbackError(code, errorTable[code].title), "0d6a3bd9-6c0b-4c7e-9a51-1c1e4b2f7a10");
  return `${errorPage(code).replace("\n", `\n\n${madeFromErrors}\n`)}
## Example

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`

## Requests that can get this error

${requestList(routes)}
`;
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
