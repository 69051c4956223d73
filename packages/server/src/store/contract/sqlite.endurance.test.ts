import { SqliteFolder } from "../sqlite/testing/sqlite-folder.ts";
import { storeEnduranceContract } from "./contract.ts";

// The same parts are real and faked as in sqlite.contract.test.ts.
storeEnduranceContract("sqlite", {
  open: (options) => SqliteFolder.open(options),
});
