import { createHooks, dispatcherPost } from "@ringback/sdk/hooks";
import { Agent } from "undici";
import { hookPayload } from "../load/requests.ts";
import { inClosedLoop } from "../load/tally.ts";
import type { LoadReport, LoopLimits } from "../load/tally.ts";

/** The transport of `createHooks`: the platform's `fetch`, or an undici dispatcher. */
export type HookTransport = "fetch" | "dispatcher";

interface HookLoop extends LoopLimits {
  readonly transport: HookTransport;
  readonly url: string;
  readonly bodyBytes: number;
}

/** A program that calls a hook with the SDK and without a server. */
export function start() {
  return { callHook };
}

async function callHook({ transport, url, bodyBytes, ...limits }: HookLoop): Promise<LoadReport> {
  const agent = new Agent({ connections: limits.concurrency });
  const hooks = createHooks({ bench: url }, transport === "dispatcher" ? { post: dispatcherPost(agent) } : {});
  const payload = hookPayload(bodyBytes);
  const report = await inClosedLoop(limits, async (tally, more) => {
    while (more()) {
      const { error } = await hooks.call("bench", payload);
      if (error === null) tally.accept(1);
      else tally.refuse(error);
    }
  });
  await agent.close();
  return report;
}
