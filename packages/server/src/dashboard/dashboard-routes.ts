import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StaticFiles } from "../http/static-files.ts";
import { pageHeaders } from "./page-headers.ts";

export interface DashboardParts {
  readonly files: StaticFiles;
  /** The origins that may show the page of a portal link in a frame. */
  readonly frameAncestorsOf: (linkId: string) => Promise<readonly string[]>;
}

const config = { access: "public" } as const;
const schema = { hide: true };

/**
 * Adds the page that shows the server to people. It is one page for all addresses below `/ui/`; its program reads the
 * address. Returns the answer for `/`, a path that it shares with an API.
 */
export function dashboardRoutes(app: FastifyInstance, { files, frameAncestorsOf }: DashboardParts) {
  const page = (request: FastifyRequest, reply: FastifyReply, frameAncestors: readonly string[] = []) =>
    files.send(request, reply.headers(pageHeaders(frameAncestors)), "index.html", false);

  app.get("/ui/*", { schema, config }, (request, reply) => page(request, reply));
  app.get<{ Params: { readonly id: string } }>("/ui/portal/:id", { schema, config }, async (request, reply) =>
    page(request, reply, await frameAncestorsOf(request.params.id)),
  );
  app.get<{ Params: { readonly file: string } }>("/assets/:file", { schema, config }, (request, reply) =>
    files.send(request, reply, `assets/${request.params.file}`, true),
  );

  /** Answers a request for the page at `/`. Returns null for a request of a program. */
  return (request: FastifyRequest, reply: FastifyReply) => (isForPeople(request) ? page(request, reply) : null);
}

/** Browsers ask for HTML. Programs of the API at `/` do not, and send parameters. */
function isForPeople({ method, url, headers }: FastifyRequest): boolean {
  return /^(?:GET|HEAD)$/.test(method) && !url.includes("?") && /\btext\/html\b/.test(headers.accept ?? "");
}
