import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { limitYoungGeneration } from "./young-generation.js";

/** Sets what must be set before the program is loaded. */
export function prepareProcess() {
  // Without a listener, Node starts its debugger at SIGUSR1: a port that gives every program of the machine full
  // control of this process. SIGUSR2 would end the process. Programs that rotate log files send one of the two.
  for (const signal of ["SIGUSR1", "SIGUSR2"]) process.on(signal, () => {});

  // The heap grows to one and a half times its live objects, in place of up to four times, before V8 collects all
  // garbage. The server has few live objects and many short-lived ones. With twice its live objects, the server needs
  // 10 to 25 MB more, and each message takes the same CPU time. A growth of a fifth would cost CPU time.
  setFlagsFromString("--heap-growing-percent=50");
  limitYoungGeneration();
}
