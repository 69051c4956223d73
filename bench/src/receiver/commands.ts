import type { Arrivals, Comparison, SampleRequest } from "./ledger.ts";

export type ReceiverCommands = {
  /** Ports of the endpoint that answers and of the one that never does. */
  ports(argument: null): Promise<{ readonly answering: number; readonly silent: number }>;
  arrivals(argument: { readonly group: string }): Arrivals;
  compare(argument: {
    readonly group: string;
    readonly members: readonly string[];
    readonly accepted: readonly string[];
  }): Comparison;
  sample(argument: { readonly group: string }): SampleRequest | null;
  latenciesMs(argument: { readonly group: string }): readonly number[];
  forget(argument: { readonly group: string }): null;
  usage(argument: null): { readonly cpuUs: number; readonly connectionsPeak: number; readonly malformed: number };
};
