import type { FastifyInstance } from "fastify";
import { errorTable, mayPass, RingbackError, type ErrorCode } from "../domain/errors.ts";
import { siteBase } from "../domain/site-base.ts";

/**
 * The `type` of a problem is a path, so a client resolves it at this server. The server does not have the documentation
 * site; it answers with what each page of that site begins with.
 */
export function errorPageRoutes(app: FastifyInstance): void {
  const schema = { hide: true };
  const path = `${siteBase}reference/errors/:code`;
  app.get<{ Params: { readonly code: string } }>(path, { schema, config: { access: "public" } }, (request, reply) => {
    const { code } = request.params;
    if (!Object.hasOwn(errorTable, code))
      throw new RingbackError("route_not_found", "There is no error with this code.");
    reply.headers({ "content-type": "text/markdown; charset=utf-8", "x-content-type-options": "nosniff" });
    return errorPage(code as ErrorCode);
  });
}

/** Returns what can be said of the error to everyone who gets it, in Markdown. */
export function errorPage(code: ErrorCode): string {
  const { status, title } = errorTable[code];
  return `# ${code}

${title}

* HTTP status: ${status}
* The same request may succeed later: ${mayPass(code) ? "yes" : "no"}

## What to do

${adviceOn(code)}

The \`detail\` of the problem says what is wrong with your request. The server's log has more under the same
\`requestId\`.
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
