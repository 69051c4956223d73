/** The entry point of every worker process. The first argument names the mode. The process ends with its parent. */
import { modes } from "./modes.ts";
import type { CallMessage, Mode, ReplyMessage } from "./modes.ts";

type AnyCommand = (...inputs: readonly unknown[]) => unknown;

async function start(mode: Mode): Promise<ReadonlyMap<string, AnyCommand>> {
  const { start } = await modes[mode]();
  return new Map(Object.entries(await start()));
}

// `WorkerProcess` passes no other names.
const commands = start(process.argv[2] as Mode);

async function reply({ call, name, inputs }: CallMessage): Promise<ReplyMessage> {
  try {
    const command = (await commands).get(name);
    if (command === undefined) throw new Error(`no command ${name}`);
    return { call, value: await command(...inputs) };
  } catch (error) {
    return { call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on("message", (message: CallMessage) => void reply(message).then((message) => process.send?.(message)));
process.on("disconnect", () => process.exit(0));
