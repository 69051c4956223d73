import { nowMs } from "../clock.ts";
import { ownCpuUs } from "../process/probe.ts";
import { listenSilently, Receiver } from "../receiver/receiver.ts";
import type { Arrivals, Comparison, SampleRequest } from "../receiver/ledger.ts";

/** The endpoint that answers every delivery, and a second one that never answers. */
export async function start() {
  const receiver = new Receiver();
  const { ledger } = receiver;
  const ports = { answering: await receiver.listen(), silent: await listenSilently() };
  return {
    ports: () => ports,
    /** `readAtMs`: when the arrivals were counted. */
    arrivals: (group: string): Arrivals & { readonly readAtMs: number } => ({
      ...ledger.arrivals(group),
      readAtMs: nowMs(),
    }),
    compare: (group: string, members: readonly string[], accepted: readonly string[]): Comparison =>
      ledger.compare(group, members, accepted),
    sample: (group: string): SampleRequest | null => ledger.sample(group),
    latenciesMs: (group: string): readonly number[] => ledger.latenciesMs(group),
    discard: (group: string): void => ledger.discard(group),
    usage: () => ({ cpuUs: ownCpuUs(), connectionsPeak: receiver.connectionsPeak, malformed: receiver.malformed }),
  };
}
