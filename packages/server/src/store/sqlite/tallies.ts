import { tallyOf, toStoredTally, type TallyStore } from "../tallies.ts";
import type { StoreContext } from "./store-context.ts";

export function sqliteTallies({ commits, reader }: StoreContext): TallyStore {
  return {
    write: (rows) => commits.write("writeTallies", rows.map(toStoredTally)),
    read: async (range) => (await reader.call("readTallies", range)).map(tallyOf),
    trim: (before) => commits.write("trimTallies", before),
    deleteSome: (accountId) => commits.write("deleteSomeTallies", { accountId }),
  };
}
