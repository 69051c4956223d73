import { contentOf, toStoredExchange, type ExchangeStore } from "../exchanges.ts";
import type { StoreContext } from "./store-context.ts";

export function sqliteExchanges({ commits, reader }: StoreContext): ExchangeStore {
  return {
    write: (rows) => commits.write("writeExchanges", rows.map(toStoredExchange)),
    read: async (key) => contentOf(await reader.call("readExchange", key)),
    trim: (limits) => commits.write("trimExchanges", limits),
    deleteSome: (accountId) => commits.write("deleteSomeExchanges", { accountId }),
  };
}
