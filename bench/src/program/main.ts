import { createHooks, dispatcherPost } from "@ringback/sdk/hooks";
import { Agent } from "undici";
import type { BareReport } from "../bare/commands.ts";
import { nowMs } from "../clock.ts";
import { answerCalls } from "../process/answer-calls.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import { hookPayload } from "../scenarios/requests.ts";
import type { HookLoop, ProgramCommands } from "./commands.ts";

async function hooks({ transport, url, bodyBytes, concurrency, durationMs }: HookLoop): Promise<BareReport> {
  const agent = new Agent({ connections: concurrency });
  const called = createHooks({ bench: url }, transport === "dispatcher" ? { post: dispatcherPost(agent) } : {});
  const payload = hookPayload(bodyBytes);
  const startMs = nowMs();
  const cpuUsBefore = ownCpuUs();
  let posts = 0;
  let failed = 0;
  const worker = async (): Promise<void> => {
    while (nowMs() - startMs < durationMs) {
      const { error } = await called.call("bench", payload);
      posts += 1;
      if (error !== null) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const report = { posts, failed, cpuUs: ownCpuUs() - cpuUsBefore, wallMs: nowMs() - startMs };
  await agent.close();
  return report;
}

const commands: ProgramCommands = { hooks };
answerCalls(commands);
