import { MemoryHarness } from "../memory/testing/memory-harness.ts";
import { storeContract } from "./contract.ts";

// Real: the memory driver. Faked: the clock. A crash drops the store and its claims. Another store then opens the same
// database in memory.
storeContract("memory", {
  open: (options) => MemoryHarness.open(options),
});
