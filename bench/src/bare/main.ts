import { answerCalls } from "../process/answer-calls.ts";
import type { BareCommands } from "./commands.ts";
import { dispatchLoop, requestLoop } from "./loops.ts";

const commands: BareCommands = { request: requestLoop, dispatch: dispatchLoop };
answerCalls(commands);
