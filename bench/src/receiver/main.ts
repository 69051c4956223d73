import { answerCalls } from "../process/answer-calls.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import type { ReceiverCommands } from "./commands.ts";
import { Receiver, SilentEndpoint } from "./receiver.ts";

const receiver = new Receiver();
const silent = new SilentEndpoint();
const ports = Promise.all([receiver.listen(), silent.listen()]);
const { ledger } = receiver;

const commands: ReceiverCommands = {
  ports: async () => {
    const [answering, silent] = await ports;
    return { answering, silent };
  },
  arrivals: ({ group }) => ledger.arrivals(group),
  compare: ({ group, members, accepted }) => ledger.compare(group, members, accepted),
  sample: ({ group }) => ledger.sample(group),
  latenciesMs: ({ group }) => ledger.latenciesMs(group),
  forget: ({ group }) => {
    ledger.forget(group);
    return null;
  },
  usage: () => ({
    cpuUs: ownCpuUs(),
    connectionsPeak: receiver.connectionsPeak,
    malformed: receiver.malformed,
  }),
};

answerCalls(commands);
