import { SqliteFolder } from "../sqlite/testing/sqlite-folder.ts";
import { storeEnduranceContract } from "./contract.ts";

// Real and faked as in sqlite.contract.test.ts.
storeEnduranceContract("sqlite", {
  open: (options) => SqliteFolder.open(options),
});
