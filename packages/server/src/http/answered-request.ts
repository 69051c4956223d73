import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * True: the answer waits on purpose, for messages or for an endpoint. So a long duration is no reason for a line in
     * the log.
     */
    waits?: boolean;
  }
}

/** A request whose answer has been sent, or whose client has gone. */
export interface AnsweredRequest {
  readonly request: FastifyRequest;
  /** The account on which the request acts; null: not known. */
  readonly account: string | null;
  /** The pattern of the route, such as `/v1/topics/:topic`. `unmatched`: no route has the path. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  /** The error that was answered. Other systems' APIs answer some errors with the status 200. */
  readonly error: RingbackError | null;
  /** For other systems' APIs, all of whose actions have one route. */
  readonly action: NotedAction | null;
}

export interface NotedAction {
  readonly action: string;
  readonly isPublish: boolean;
  readonly account: string;
}

export interface RequestReceiver {
  /** The call must be quick and must not throw. */
  answered(answered: AnsweredRequest): void;
}

const errors = new WeakMap<IncomingMessage, RingbackError>();

/** Remembers the error with which a request is answered. */
export function noteError(request: IncomingMessage, error: unknown): void {
  if (error instanceof RingbackError) errors.set(request, error);
}

const actions = new WeakMap<IncomingMessage, NotedAction>();

/** Remembers what a request to another system's API does, and in which account. */
export function noteAction(request: IncomingMessage, action: NotedAction): void {
  actions.set(request, action);
}

/** Reports each request after its answer. Must be called before routes are added. */
export function reportRequests(
  app: FastifyInstance,
  receivers: readonly RequestReceiver[],
  accountOf: (request: FastifyRequest) => string | null,
): void {
  app.addHook("onResponse", (request, reply, done) => {
    const action = actions.get(request.raw) ?? null;
    const answered: AnsweredRequest = {
      request,
      action,
      account: action?.account ?? accountOf(request),
      route: request.routeOptions.url ?? "unmatched",
      status: reply.raw.statusCode,
      durationMs: reply.elapsedTime,
      error: errors.get(request.raw) ?? null,
    };
    for (const receiver of receivers) receiver.answered(answered);
    done();
  });
}
