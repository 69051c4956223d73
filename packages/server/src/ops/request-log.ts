import type { FastifyRequest } from "fastify";
import { errorDetail } from "../domain/error-detail.ts";
import { errorTable, type ErrorCode, type RingbackError } from "../domain/errors.ts";
import type { AnsweredRequest, RequestReceiver } from "../http/answered-request.ts";
import type { RequestFailed } from "../http/error-handler.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { LimitedLog, LineKind, LineSource } from "./limited-log.ts";

export interface RequestLog extends RequestReceiver {
  /** Writes a line about an error that is a fault of the server. */
  readonly failed: RequestFailed;
}

/** Refusals because of a limit. An operator can raise most of them; other refusals are the caller's mistakes. */
const limitCodes: ReadonlySet<ErrorCode> = new Set(
  (Object.keys(errorTable) as ErrorCode[]).filter((code) => {
    const { status } = errorTable[code];
    return (
      status > 400 && (status === 413 || status === 429 || status === 431 || /_limit$|_full$|^too_many_/.test(code))
    );
  }),
);

/** Whether the error is a refusal because of a limit. */
export function isLimit(code: ErrorCode): boolean {
  return limitCodes.has(code);
}

/** Errors of the server that do not end by themselves. */
const urgentCodes: ReadonlySet<ErrorCode> = new Set(["storage_full", "storage_unavailable"]);

/**
 * Writes a line about each request that was refused because of a limit, failed because of the server, or was slow. At
 * the level `debug` every request has a line.
 */
export function createRequestLog(log: LimitedLog, slowRequestMs: number): RequestLog {
  return {
    failed(error, members) {
      const source = { key: "internal", members: {}, account: null };
      log.write("error", "request.failed", source, () => ({ err: error, ...members }), "a request failed unexpectedly");
    },
    answered(answered) {
      const { route, durationMs, error } = answered;
      if (error !== null && error.code !== "internal") reportError(log, answered, error);
      if (durationMs >= slowRequestMs && !mayWait(answered)) {
        const source = sourceOf(answered, route);
        log.write("warn", "request.slow", source, () => membersOf(answered), "the answer to a request took long");
      }
      if (!log.isWanted("debug")) return;
      log.writeEach("request.answered", sourceOf(answered, route), membersOf(answered), "answered");
    },
  };
}

/** Another system's API has one route for all of its actions, and a publish never waits on purpose. */
function mayWait({ request, action }: AnsweredRequest): boolean {
  return request.routeOptions.config.waits === true && action?.isPublish !== true;
}

function reportError(log: LimitedLog, answered: AnsweredRequest, error: RingbackError): void {
  const { code, message } = error;
  const isFault = errorTable[code].status >= 500;
  if (!isFault && !isLimit(code)) return;
  const kind = isPublish(answered) ? "publish.refused" : isLimit(code) ? "request.refused" : "request.failed";
  const source = sourceOf(answered, `${answered.route} ${code}`);
  const members = () => ({ ...membersOf(answered), errorCode: code, errorDetail: errorDetail(message) });
  log.write(urgentCodes.has(code) ? "error" : "warn", kind, source, members, sentences[kind]);
}

const sentences = {
  "publish.refused": "messages were refused",
  "request.refused": "a request was refused because of a limit",
  "request.failed": "a request could not be served",
} as const satisfies Partial<Record<LineKind, string>>;

/** Requests whose refusal means that a publisher keeps its messages. */
function isPublish({ request, route, action }: AnsweredRequest): boolean {
  if (action !== null) return action.isPublish;
  return request.routeOptions.config.access === "publish" || (request.method === "POST" && route === "/in/:inbox");
}

function sourceOf({ request, account, route }: AnsweredRequest, key: string): LineSource {
  return { key: `${account ?? ""} ${key}`, account, members: { account, method: request.method, route } };
}

function membersOf({ request, status, durationMs, action }: AnsweredRequest) {
  return {
    requestId: requestIdOf(request.raw),
    ...(action === null ? {} : { action: action.action }),
    ...namesOf(request),
    status,
    durationMs: Math.round(durationMs * 10) / 10,
  };
}

/** The names in the path, such as the topic. They are not checked yet, so each is cut to one short line. */
function namesOf({ params, routeOptions }: FastifyRequest): Record<string, string> {
  // The path of an inbox can be a secret.
  if (routeOptions.url?.startsWith("/in/") === true) return {};
  const named = Object.entries((params as Record<string, unknown> | undefined) ?? {});
  return Object.fromEntries(named.map(([name, value]) => [name, errorDetail(String(value))]));
}
