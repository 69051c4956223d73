import { MemoryHarness } from "../memory/testing/memory-harness.ts";
import { storeEnduranceContract } from "./contract.ts";

const reason = "memory ends with its process";

// The same parts are real and faked as in memory.contract.test.ts.
storeEnduranceContract("memory", {
  open: (options) => MemoryHarness.open(options),
  skip: {
    "keeps every acknowledged message at its position": reason,
    "keeps all or nothing of a batch whose publisher got no answer": reason,
  },
});
