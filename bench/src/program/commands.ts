import type { BareReport } from "../bare/commands.ts";

/** A program that calls a hook by itself, with no server. */
export interface HookLoop {
  readonly url: string;
  readonly bodyBytes: number;
  readonly concurrency: number;
  readonly durationMs: number;
}

export type ProgramCommands = {
  hooks(argument: HookLoop): Promise<BareReport>;
};
