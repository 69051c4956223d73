import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StaticFiles } from "../http/static-files.ts";
import { pageHeaders } from "./page-headers.ts";

export interface DashboardParts {
  /** null: the dashboard is not built. */
  readonly files: StaticFiles | null;
  /** The origins that may show the page of a portal link in a frame. */
  readonly frameAncestorsOf: (linkId: string) => Promise<readonly string[]>;
}

const config = { access: "public", isPage: () => true } as const;
const schema = { hide: true };

/**
 * Adds the page that shows the server to people. It is one page for all addresses below `/ui/`; its program reads the
 * address. Returns the page for `/`, a path that it shares with an API.
 */
export function dashboardRoutes(app: FastifyInstance, { files, frameAncestorsOf }: DashboardParts) {
  const answer = async (request: FastifyRequest, reply: FastifyReply, frameAncestors: readonly string[] = []) => {
    reply.headers(pageHeaders(frameAncestors));
    return files === null ? notBuilt(reply) : files.send(request, reply, "index.html", false);
  };

  for (const path of ["/ui", "/ui/*"]) app.get(path, { schema, config }, (request, reply) => answer(request, reply));
  for (const path of ["/ui/portal/:id", "/ui/portal/:id/*"]) {
    app.get<{ Params: { readonly id: string } }>(path, { schema, config }, async (request, reply) =>
      answer(request, reply, await frameAncestorsOf(request.params.id)),
    );
  }
  if (files !== null) addAssets(app, files);

  return { isRequested: isForPeople, answer: (request: FastifyRequest, reply: FastifyReply) => answer(request, reply) };
}

function addAssets(app: FastifyInstance, files: StaticFiles): void {
  const path = "/assets/:file";
  app.get<{ Params: { readonly file: string } }>(path, { schema, config: { access: "public" } }, (request, reply) =>
    files.send(request, reply, `assets/${request.params.file}`, true),
  );
}

function notBuilt(reply: FastifyReply): FastifyReply {
  reply.code(404).headers({ "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  return reply.send("The dashboard is not built. To build it, run: npm run build\n");
}

/** Browsers ask for HTML. Programs of the API at `/` do not, and send parameters. */
function isForPeople({ method, url, headers }: FastifyRequest): boolean {
  return /^(?:GET|HEAD)$/.test(method) && !url.includes("?") && /\btext\/html\b/.test(headers.accept ?? "");
}
