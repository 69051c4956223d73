import type { BareReport } from "../bare/commands.ts";

/** A program that calls a hook by itself, with no server. */
export interface HookLoop {
  /** What `createHooks` POSTs over: the platform's `fetch`, or an undici dispatcher. */
  readonly transport: "fetch" | "dispatcher";
  readonly url: string;
  readonly bodyBytes: number;
  readonly concurrency: number;
  readonly durationMs: number;
}

export type ProgramCommands = {
  hooks(argument: HookLoop): Promise<BareReport>;
};
