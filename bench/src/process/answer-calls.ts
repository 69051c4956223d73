import type { AnswerMessage, CallMessage, Commands } from "./rpc.ts";

/** Makes this process a child that answers `commands` until its parent lets go of it or dies. */
export function answerCalls(commands: Commands): void {
  process.on("message", (message: CallMessage) => {
    void answer(commands, message).then((reply) => process.send?.(reply));
  });
  process.on("disconnect", () => process.exit(0));
}

async function answer(commands: Commands, { call, name, argument }: CallMessage): Promise<AnswerMessage<unknown>> {
  try {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    return { call, value: await command(argument) };
  } catch (error) {
    return { call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
