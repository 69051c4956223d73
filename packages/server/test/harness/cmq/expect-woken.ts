import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Api } from "../api.ts";
import { until } from "../until.ts";
import type { KeyPair } from "./account.ts";
import { SignedCaller } from "./signed-caller.ts";
import { WaitingReceives } from "./waiting-receives.ts";

export interface Woken {
  /** CPU time of the server while the receives waited, in percent of one core. */
  readonly idlePercent: number;
  readonly bytesPerReceive: number;
  /** Time from the request that sends the message to the answer of the receive. */
  readonly wokenAfterMs: number;
}

const queueName = "crowded";
const refusedCodes = new Set([4410, 4420]);

async function usage(api: Api): Promise<{ cpuS: number; bytes: number }> {
  const metrics = await api.metrics();
  const bytes = metrics.get("process_resident_memory_bytes") ?? Number.NaN;
  return { cpuS: metrics.get("process_cpu_seconds_total") ?? Number.NaN, bytes };
}

/**
 * Starts `count` waiting receives, sends one message, and checks that exactly one receive gets it. Before the message
 * is sent, the server's idle CPU time is measured for `idleMs`.
 */
export async function expectOneOfManyWoken(
  { url, api }: { readonly url: string; readonly api: Api },
  pair: KeyPair,
  { count, idleMs }: { readonly count: number; readonly idleMs: number },
): Promise<Woken> {
  using caller = new SignedCaller(url, pair);
  await caller.ok("CreateQueue", { queueName });
  const before = await usage(api);
  await using receives = await WaitingReceives.ask(url, pair, queueName, count);
  // This receive does not wait. When the server has answered it, the server has started all earlier receives.
  await caller.call("ReceiveMessage", { queueName, pollingWaitSeconds: 0 });
  expect([receives.answers.length, receives.broken]).toEqual([0, []]);

  const begun = await usage(api);
  const from = performance.now();
  // A fixed time in which no receive may be answered.
  await pause(idleMs);
  const ended = await usage(api);
  const idlePercent = ((ended.cpuS - begun.cpuS) * 100_000) / (performance.now() - from);
  expect([receives.answers.length, receives.broken]).toEqual([0, []]);

  const sentAt = performance.now();
  const { msgId } = await caller.ok("SendMessage", { queueName, msgBody: "for one of them" });
  const [answer] = await until(
    "one has it",
    () => receives.answers,
    (answers) => answers.length > 0,
  );
  const wokenAfterMs = performance.now() - sentAt;
  expect(answer).toMatchObject({ code: 0, msgId, msgBody: "for one of them", dequeueCount: 1 });
  const attributes = await caller.ok("GetQueueAttributes", { queueName });
  expect([attributes["activeMsgNum"], attributes["inactiveMsgNum"]]).toEqual([0, 1]);
  await until(
    "nobody else is answered with it",
    () => receives.answers.filter(({ code }) => code === 0),
    (all) => all.length === 1,
  );
  expect(receives.broken).toEqual([]);
  expect(receives.answers.filter(({ code }) => refusedCodes.has(code))).toEqual([]);
  await caller.ok("DeleteQueue", { queueName });
  return { idlePercent, bytesPerReceive: (ended.bytes - before.bytes) / count, wokenAfterMs };
}
