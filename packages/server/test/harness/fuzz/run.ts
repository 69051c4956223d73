import { Agent, request } from "node:http";
import { errorTable } from "../../../src/domain/errors.ts";
import { startReceiver } from "../receiver.ts";
import { chanceFrom } from "../random.ts";
import type { RunningServer } from "../server.ts";
import { FuzzRequests, isForeign, type FuzzRequest, type OpenapiDocument } from "./requests.ts";

const inFlight = 16;
/** A request without an answer after this time hangs. Nothing that the server may do takes so long. */
const hangMs = 120_000;
const faultsMax = 20;

/** Refusals by a limit that a run can reach. All other statuses from 500 are faults. */
const limitCodes = new Set(["overloaded", "inbox_full", "queue_full", "too_many_unacknowledged", "too_many_waiters"]);
const internalText =
  /native code|\[object |is not a function|Cannot read prop|TypeError|RangeError|SqliteError|\bat .*\.ts:\d/;

interface FuzzAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface FuzzResult {
  /** The number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests with wrong answers, and the reason. At most the first few. */
  readonly faults: readonly string[];
}

/** Sends `count` requests, which depend only on the seed and on the server's OpenAPI document. */
export async function fuzz(server: RunningServer, seed: number, count: number): Promise<FuzzResult> {
  await using receiver = await startReceiver();
  const document = await server.api.ok<OpenapiDocument>("GET", "/openapi.json");
  const requests = new FuzzRequests(document, chanceFrom(seed), `${receiver.url}/fuzz`);
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  let sentCount = 0;
  const sendMany = async () => {
    while (sentCount < count && faults.length < faultsMax) {
      const number = sentCount++;
      const sent = requests.next();
      const answer = await send(server.port, agent, sent).catch((error: unknown) => String(error));
      const fault = typeof answer === "string" ? answer : faultOf(sent, answer);
      if (typeof answer !== "string") statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (fault !== null) faults.push(`request ${number}: ${fault}\n${shown(sent)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sendMany));
  agent.destroy();
  return { statuses, faults };
}

async function send(port: number, agent: Agent, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
  const length = body === null ? {} : { "content-length": String(body.length) };
  const sent = request(
    { host: "127.0.0.1", port, method, path, headers: { ...headers, ...length }, agent },
    (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const contentType = answered["content-type"] ?? "";
      const answer = (text: string) => {
        clearTimeout(timer);
        resolve({ status, contentType, text });
      };
      if (contentType.startsWith("text/event-stream")) {
        answer("");
        sent.destroy();
        return;
      }
      let text = "";
      response.setEncoding("latin1").on("data", (piece: string) => (text += piece));
      response.on("end", () => answer(text)).on("error", reject);
    },
  );
  const timer = setTimeout(() => sent.destroy(new Error("no answer")), hangMs);
  sent.on("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  sent.end(body ?? undefined);
  return promise;
}

/** Returns null if the answer is right for any request. */
function faultOf({ method, path, described }: FuzzRequest, { status, contentType, text }: FuzzAnswer): string | null {
  const answer = `${status} ${contentType} ${text.slice(0, 300)}`;
  if (status < 200 || (described !== null && !described.has(status))) return `undescribed status: ${answer}`;
  if (status < 400) return null;
  if (internalText.test(text)) return `internal text: ${answer}`;
  if (isForeign(path)) return status >= 500 ? `failed: ${answer}` : null;
  if (contentType !== "application/problem+json") return `no problem document: ${answer}`;
  if (method === "HEAD") return status >= 500 ? `failed: ${answer}` : null;
  const problem = JSON.parse(text) as { status?: unknown; code?: string; detail?: unknown };
  const code = problem.code ?? "";
  if (!Object.hasOwn(errorTable, code) || problem.status !== status || typeof problem.detail !== "string") {
    return `incomplete problem document: ${answer}`;
  }
  return status >= 500 && !limitCodes.has(code) ? `failed: ${answer}` : null;
}

function shown({ method, path, headers, body }: FuzzRequest): string {
  return `  ${method} ${path.slice(0, 500)} ${JSON.stringify(headers)} ${JSON.stringify(body?.toString("latin1").slice(0, 500))}`;
}
