import { MemoryHarness } from "../memory/testing/memory-harness.ts";
import { storeEnduranceContract } from "./contract.ts";

// Real and faked as in memory.contract.test.ts.
storeEnduranceContract("memory", {
  open: (options) => MemoryHarness.open(options),
});
