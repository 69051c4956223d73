// @ts-expect-error -- JavaScript without types, because the command's own file must run on every Node
import { prepareProcess } from "../bin/process-settings.js";

prepareProcess();
await import("../src/cli/main.ts");
