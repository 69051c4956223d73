/** A server that reads each request to its end and answers with as many bytes of JSON as the path says: what HTTP itself costs. */
import { once } from "node:events";
import { createServer } from "node:http";
import { answerCalls } from "../process/answer-calls.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import { portOf } from "../process/port-of.ts";
import type { BareServerCommands } from "./commands.ts";

const around = JSON.stringify({ code: 0, filling: "" }).length;

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    const bytes = Number(request.url?.slice(1));
    const body = JSON.stringify({ code: 0, filling: "x".repeat(Math.max(0, bytes - around)) });
    response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": body.length });
    response.end(body);
  });
});
const listening = once(server.listen(0, "127.0.0.1"), "listening");

const commands: BareServerCommands = {
  port: async () => {
    await listening;
    return portOf(server);
  },
  cpuUs: () => ownCpuUs(),
};

answerCalls(commands);
