import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { assertName } from "../domain/names.ts";
import type { AccountDetails, AccountSettings } from "../engine/accounts/account-settings.ts";
import { accountSchema, accountShape, accountView } from "../shapes/account.ts";
import { accountParams } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

type AccountPath = Static<typeof accountParams>;

export function accountRoutes(app: FastifyInstance, { accounts }: ApiParts): void {
  const resource: Resource<"account", AccountPath, AccountDetails, AccountSettings> = {
    path: "/v1/accounts/:account",
    noun: "account",
    plural: "accounts",
    pathErrors: ["invalid_name", "account_not_found"],
    putErrors: ["entry_limit"],
    settingErrors: ["account_deleting", "immutable_field"],
    params: accountParams,
    view: accountSchema,
    texts: {
      delete: {
        summary: "Delete an account with everything that belongs to it",
        description:
          "Requests for the account are refused from now on. Its topics, messages and other resources are removed in " +
          "the background: until then, GET shows the state `deleting`.",
      },
    },
    shape: accountShape,
    isBodyOptional: true,
    assertName: ({ account }) => assertName("account", account),
    at: ({ account: name }) => ({
      get: () => accounts.get(name),
      put: (settings, condition) => accounts.put(name, settings, condition),
      delete: async (condition) => (await accounts.startDeletion(name, condition)) !== null,
    }),
    notFound: ({ account }) => new RingbackError("account_not_found", `There is no account "${account}".`),
    bodyOf: (account) => account,
    viewOf: accountView,
    access: { change: "operator", see: "operator" },
  };
  resourceRoutes(app, resource);
  const list = { access: "operator" } as const;
  labelledListRoute(app, resource, (_request, page, label) => accounts.list(page, label), list);
}
