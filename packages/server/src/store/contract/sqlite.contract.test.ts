import { SqliteFolder } from "../sqlite/testing/sqlite-folder.ts";
import { storeContract } from "./contract.ts";

// Real: SQLite, its threads, a folder on the disk. Faked: the clock and the timers. The timers wait at most two
// milliseconds. To simulate a crash, the files are copied as they are at that moment, and another store opens the copy.
storeContract("sqlite", {
  open: (options) => SqliteFolder.open(options),
});
