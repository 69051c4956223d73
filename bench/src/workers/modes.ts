/**
 * The modes of a worker process. A worker loads only the modules of its own mode. Code of another mode can therefore
 * not influence how the compiler optimises the worker's code. `start` returns the commands that the worker answers.
 */
export const modes = {
  "bad-endpoints": () => import("./bad-endpoints.ts"),
  "bare-posts": () => import("./bare-posts.ts"),
  "bare-server": () => import("./bare-server.ts"),
  "cmq-client": () => import("./cmq-client.ts"),
  "health-probe": () => import("./health-probe.ts"),
  "hook-caller": () => import("./hook-caller.ts"),
  "hostile-client": () => import("./hostile-client.ts"),
  load: () => import("./load.ts"),
  receiver: () => import("./receiver.ts"),
  relay: () => import("./relay.ts"),
};

export type Mode = keyof typeof modes;

/** The commands of each mode. */
type Commands = { [M in Mode]: Awaited<ReturnType<Awaited<ReturnType<(typeof modes)[M]>>["start"]>> };

export type CommandName<M extends Mode> = keyof Commands[M] & string;

type Command<M extends Mode, N extends CommandName<M>> = Extract<Commands[M][N], (...inputs: never) => unknown>;
export type Inputs<M extends Mode, N extends CommandName<M>> = Parameters<Command<M, N>>;
export type Result<M extends Mode, N extends CommandName<M>> = Awaited<ReturnType<Command<M, N>>>;

/** A message to a worker: run the command `name`. */
export interface CallMessage {
  readonly call: number;
  readonly name: string;
  readonly inputs: readonly unknown[];
}

/** A worker's reply to the call with the same number. */
export type ReplyMessage =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: string };
