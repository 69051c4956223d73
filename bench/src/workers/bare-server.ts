import { createServer } from "node:http";
import { listenOnLoopback } from "../process/loopback.ts";
import { ownCpuUs } from "../process/probe.ts";

const WRAPPER_BYTES = JSON.stringify({ code: 0, padding: "" }).length;

/**
 * The bare server reads each request to its end and answers with as many bytes of JSON as the path says. Its CPU time
 * is the cost of HTTP alone.
 */
export async function start() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const bytes = Number(request.url?.slice(1));
      const body = JSON.stringify({ code: 0, padding: "x".repeat(Math.max(0, bytes - WRAPPER_BYTES)) });
      response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": body.length });
      response.end(body);
    });
  });
  const port = await listenOnLoopback(server);
  return { port: () => port, cpuUs: ownCpuUs };
}
