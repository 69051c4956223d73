/** Calls between the benchmark's main process and its children, over Node's own channel. */

/** A child's commands: one argument, one answer. `never`, because each command has an argument type of its own. */
export type Commands = Record<string, (argument: never) => unknown>;

export type Argument<C extends Commands, N extends keyof C> = Parameters<C[N]>[0];
export type Answer<C extends Commands, N extends keyof C> = Awaited<ReturnType<C[N]>>;

export interface CallMessage {
  readonly call: number;
  readonly name: string;
  /** Of the command's own type: `Child.call` sees to that on the other side. */
  readonly argument: never;
}

/** The child sends any value; the parent knows the one that the command answers with, and no other. */
export type AnswerMessage<Value> =
  | { readonly call: number; readonly value: Value }
  | { readonly call: number; readonly error: string };
