import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { bodyBytes } from "../../http/json-body.ts";
import { problemResponses } from "../../shapes/schema-parts.ts";
import { RingbackError } from "../../domain/errors.ts";
import { isRecord } from "../../config/record.ts";
import { addForeignRoutes } from "../foreign-routes.ts";
import { addressOfUrl, urlOfRequest } from "./address.ts";
import { type AnswerData, type Envelope, failure, type RequestEcho, success } from "./envelope.ts";
import { type HandlerDependencies, Handlers } from "./handlers.ts";
import { parseLenientJson } from "./lenient-json.ts";
import { integerOf, type WechatRequest } from "./request.ts";
import { type ScryptCost, Secret } from "./secret.ts";
import { envelopeSchema, errorCodes, requestSchema } from "./shape.ts";
import { Unsupported } from "./unsupported.ts";
import { wechatLimits } from "./wechat-limits.ts";

export interface WechatDependencies extends HandlerDependencies {
  readonly log: Logger;
  /** Cost of hashing the secret. The default takes about 40 ms; tests use a lower cost. */
  readonly secretCost?: ScryptCost;
}

const schema = {
  tags: ["compatibility"],
  operationId: "wechatHandlers",
  summary: "Manage handlers of WeChat messages, compatible with the WeChat HTTP API",
  description:
    "The member `type` selects the operation. A handler is a subscription of the topic that the setting `wechatTopic` " +
    "names. The status is 200 even for errors; `error_code` distinguishes them.",
  body: requestSchema,
  response: { 200: envelopeSchema, ...problemResponses() },
};

/** Adds `POST /api/`, where programs written for the WeChat HTTP API add, remove and list their message handlers. */
export async function addWechatApi(app: FastifyInstance, given: WechatDependencies): Promise<void> {
  const api = new WechatApi(given);
  const { requestBytesMax, requestBytesArrivingMax } = wechatLimits;
  await addForeignRoutes(app, {
    requestBytesMax,
    limits: { requestBytesArrivingMax },
    contentType: "application/json",
    refuse: (error, request, reply) =>
      void reply.code(200).send(api.failure({ type: 0, port: portOf(request) }, error)),
    addRoutes(scope) {
      scope.post("/api/", { schema }, (request) => api.answer(request));
      scope.post("/api", { schema: { hide: true } }, (request) => api.answer(request));
    },
  });
}

class WechatApi {
  readonly #log: Logger;
  readonly #handlers: Handlers;
  readonly #secret: Secret;

  constructor(given: WechatDependencies) {
    this.#log = given.log;
    this.#handlers = new Handlers(given);
    this.#secret = new Secret(given.store, given.randomBytes, given.secretCost);
  }

  async answer(request: FastifyRequest): Promise<Envelope> {
    const echo = { type: 0, port: portOf(request) };
    try {
      const parsed = parseLenientJson(bodyBytes(request));
      if (parsed === null) return failure(echo, errorCodes.invalidJson, "the request is not valid JSON");
      const { value } = parsed;
      if (!isRecord(value)) throw new RingbackError("invalid_request", "the request must be a JSON object");
      echo.type = integerOf(value, "type");
      if (!(await this.#secret.accepts(value["secretKey"]))) {
        throw new RingbackError("invalid_request", "secretKey: missing or wrong");
      }
      return success(echo, await this.#run(echo.type, value));
    } catch (error) {
      return this.failure(echo, error);
    }
  }

  failure(echo: RequestEcho, error: unknown): Envelope {
    if (error instanceof Unsupported) return failure(echo, errorCodes.unsupported, error.message);
    if (error instanceof RingbackError) return failure(echo, errorCodes.invalidParameter, error.message);
    // The request is not logged, because it may contain the secret.
    this.#log.error({ err: error, type: echo.type }, "a WeChat request failed unexpectedly");
    return failure(echo, errorCodes.invalidParameter, "the server failed unexpectedly; see its log");
  }

  async #run(type: number, request: WechatRequest): Promise<AnswerData> {
    switch (type) {
      case 1001:
        return { ...ok, cookie: await this.#handlers.add(urlOfRequest(request)) };
      case 1002:
        return this.#remove(request);
      case 1003:
        return this.#list();
      case 1006:
        return this.#setSecret(request);
      default:
        throw new Unsupported(`type ${type} is not supported; use ${supportedTypes}`);
    }
  }

  async #remove(request: WechatRequest): Promise<AnswerData> {
    const cookie = textOf(request, "cookie");
    if (cookie === "") throw RingbackError.at("invalid_request", "cookie", "must be given, as a string");
    if (await this.#handlers.remove(cookie)) return { ...ok, cookie };
    return { status: -1, desc: "there is no handler with this cookie", cookie: "" };
  }

  async #list(): Promise<AnswerData> {
    const items = (await this.#handlers.list()).flatMap(({ cookie, url }) => {
      const address = addressOfUrl(url);
      return address === null ? [] : [{ cookie, ...address }];
    });
    return { ...ok, data: items };
  }

  async #setSecret(request: WechatRequest): Promise<AnswerData> {
    const newSecret = textOf(request, "newSecretKey");
    if (newSecret.length > wechatLimits.secretCharsMax) {
      const fault = `must have at most ${wechatLimits.secretCharsMax} characters`;
      throw RingbackError.at("invalid_request", "newSecretKey", fault);
    }
    await this.#secret.set(newSecret);
    return { ...ok, cookie: "" };
  }
}

const supportedTypes = "1001 (add a handler), 1002 (remove one), 1003 (list them) or 1006 (set the secret)";

const ok = { status: 0, desc: "" } as const;

function textOf(request: WechatRequest, name: string): string {
  const value = Object.hasOwn(request, name) ? request[name] : undefined;
  if (typeof value !== "string") throw RingbackError.at("invalid_request", name, "must be given, as a string");
  return value;
}

function portOf(request: FastifyRequest): number {
  return request.socket.localPort ?? 0;
}
