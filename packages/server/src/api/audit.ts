import type { FastifyInstance } from "fastify";
import type { TimeMs } from "../domain/model.ts";
import type { AuditRecord } from "../store/audit.ts";
import type { PageRequest } from "../store/page.ts";
import { auditQuery, auditSchema, auditView } from "../shapes/audit.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { operation, pageOf, problemResponses } from "../shapes/schema-parts.ts";
import { parseTime } from "../shapes/time-text.ts";
import { accountIdOf, callerOf } from "./access-gate.ts";
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
    const accountId = accountIdOf(request);
    const listing = JSON.stringify(["audit", filter]);
    // Only operators may know the accounts, whose changes are recorded in the default account.
    const isShown = (record: AuditRecord) =>
      callerOf(request).role === "operator" || !record.target.startsWith("accounts/");
    const shown = async (wanted: PageRequest) => {
      const page = await store.audit.list(accountId, filter, wanted);
      return { ...page, items: page.items.filter(isShown) };
    };
    return pageOfList(listing, query, shown, auditView);
  });
}

function timeOf(text: string | undefined): TimeMs | undefined {
  return text === undefined ? undefined : (parseTime(text) ?? undefined);
}
