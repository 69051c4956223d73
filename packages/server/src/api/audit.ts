import type { FastifyInstance } from "fastify";
import type { TimeMs } from "../domain/model.ts";
import { auditQuery, auditSchema, auditView } from "../shapes/audit.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { operation, pageOf, problemResponses } from "../shapes/schema-parts.ts";
import { parseTime } from "../shapes/time-text.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const schema = {
  ...operation("audit", "listAudit", "List the changes that were made, newest first"),
  description:
    "Every change of the account, by the API, the command line, the configuration file or a compatible API. Secrets are " +
    "left out. A page can have fewer items than the limit although more pages follow.",
  querystring: auditQuery,
  response: { 200: pageOf(auditSchema, "A page of changes."), ...problemResponses("invalid_cursor") },
};

export function auditRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const readQuery = queryReader(auditQuery);
  app.get("/v1/audit", { schema, config: { access: "admin" } }, async (request) => {
    const { from, to, who, action, target, ...query } = readQuery(request);
    const filter = { fromMs: timeOf(from), toMs: timeOf(to), who, action, target };
    const listing = JSON.stringify(["audit", filter]);
    return pageOfList(listing, query, (page) => store.audit.list(accountIdOf(request), filter, page), auditView);
  });
}

function timeOf(text: string | undefined): TimeMs | undefined {
  return text === undefined ? undefined : (parseTime(text) ?? undefined);
}
