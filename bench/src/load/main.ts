import { answerCalls } from "../process/answer-calls.ts";
import { closedLoop } from "./closed-loop.ts";
import type { LoadCommands } from "./commands.ts";
import { openLoop } from "./open-loop.ts";

const commands: LoadCommands = { closedLoop, openLoop };
answerCalls(commands);
