import { SqliteFolder } from "../sqlite/testing/sqlite-folder.ts";
import { storeContract } from "./contract.ts";

// Real: SQLite, its threads, a folder on the disk. Faked: the clock, and timers that wait two milliseconds at most. A
// crash is a copy of the files as they are at that moment, opened by another store.
storeContract("sqlite", {
  open: (options) => SqliteFolder.open(options),
});
