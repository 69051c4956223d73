import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { takeBodiesAsBytes } from "../../http/body-bytes.ts";
import { httpLimitDefaults } from "../../http/http-limits.ts";
import { bodyBytes } from "../../http/json-body.ts";
import { problemResponses } from "../../shapes/schema-parts.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { addressOfUrl, urlOfRequest } from "./address.ts";
import { type AnswerData, type Asked, type Envelope, errorCodes, failure, success } from "./envelope.ts";
import { type HandlerDependencies, Handlers } from "./handlers.ts";
import { parseLenientJson } from "./lenient-json.ts";
import { integerOf, type WechatRequest } from "./request.ts";
import { Secret } from "./secret.ts";
import { envelopeSchema, requestSchema } from "./shape.ts";
import { Unsupported } from "./unsupported.ts";

export interface WechatDependencies extends HandlerDependencies {
  readonly log: Logger;
}

const schema = {
  tags: ["compatibility"],
  operationId: "wechatHandlers",
  summary: "Handlers of WeChat messages, as in the WeChat HTTP API",
  description:
    "One request for everything; `type` says what. A handler is a subscription of the message topic (setting `wechatTopic`). " +
    "The answer is 200 and this envelope also when `error_code` tells of an error.",
  body: requestSchema,
  response: { 200: envelopeSchema, ...problemResponses() },
};

/** `POST /api/`: programs written for the WeChat HTTP API add, remove and list their message handlers here. */
export async function addWechatApi(app: FastifyInstance, given: WechatDependencies): Promise<void> {
  const handlers = new Handlers(given);
  const secret = new Secret(given.store, given.randomBytes);

  await app.register((scope, _options, done) => {
    const config = { ...httpLimitDefaults, requestBytesHeldMax: limits.wechatRequestBytesHeldMax };
    takeBodiesAsBytes(scope, limits.wechatRequestBytesMax, { held: 0 }, config);
    // Programs send JSON under any label, or under none, or under one that is no media type.
    scope.addHook("onRequest", (request, _reply, next) => {
      request.headers["content-type"] = "application/json";
      next();
    });
    scope.setErrorHandler((error, request, reply) => {
      void reply.code(200).send(answerToError({ type: 0, port: portOf(request) }, error));
    });
    scope.post("/api/", { schema }, answer);
    scope.post("/api", { schema: { hide: true } }, answer);
    done();
  });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asked = { type: 0, port: portOf(request) };
    const parsed = parseLenientJson(bodyBytes(request));
    if (parsed === null) {
      return reply.send(failure(asked, errorCodes.invalidJson, "the request is not valid JSON"));
    }
    return reply.send(await answerTo(asked, parsed.value));
  }

  async function answerTo(asked: { type: number; port: number }, value: unknown): Promise<Envelope> {
    try {
      if (!isRecord(value)) throw new RingbackError("invalid_request", "the request must be a JSON object");
      asked.type = integerOf(value, "type");
      if (!(await secret.isOpenedBy(value["secretKey"]))) {
        throw new RingbackError("invalid_request", "secretKey: missing or wrong");
      }
      return success(asked, await run(asked.type, value));
    } catch (error) {
      return answerToError(asked, error);
    }
  }

  async function run(type: number, request: WechatRequest): Promise<AnswerData> {
    switch (type) {
      case 1001:
        return { ...fine, cookie: await handlers.add(urlOfRequest(request)) };
      case 1002:
        return remove(request);
      case 1003:
        return list();
      case 1006:
        return setSecret(request);
      default:
        throw new Unsupported(
          `type ${type} is not supported here; there are 1001 (add a handler), 1002 (remove one), 1003 (list them) and 1006 (set the secret)`,
        );
    }
  }

  async function remove(request: WechatRequest): Promise<AnswerData> {
    const cookie = textOf(request, "cookie");
    if (cookie === "") throw RingbackError.at("invalid_request", "cookie", "must be given, as a string");
    if (await handlers.remove(cookie)) return { ...fine, cookie };
    return { status: -1, desc: "there is no handler with this cookie", cookie: "" };
  }

  async function list(): Promise<AnswerData> {
    const items = (await handlers.list()).flatMap(({ cookie, url }) => {
      const address = addressOfUrl(url);
      return address === null ? [] : [{ cookie, ...address }];
    });
    return { ...fine, data: items };
  }

  async function setSecret(request: WechatRequest): Promise<AnswerData> {
    const newSecret = textOf(request, "newSecretKey");
    if (newSecret.length > limits.wechatSecretCharsMax) {
      const fault = `must have at most ${limits.wechatSecretCharsMax} characters`;
      throw RingbackError.at("invalid_request", "newSecretKey", fault);
    }
    await secret.set(newSecret);
    return { ...fine, cookie: "" };
  }

  function answerToError(asked: Asked, error: unknown): Envelope {
    if (error instanceof Unsupported) return failure(asked, errorCodes.unsupported, error.message);
    if (error instanceof RingbackError) return failure(asked, errorCodes.invalidParameter, error.message);
    // Without the request, which may hold the secret.
    given.log.error({ err: error, type: asked.type }, "a WeChat request failed unexpectedly");
    return failure(asked, errorCodes.invalidParameter, "the server met an unexpected condition; its log tells more");
  }
}

const fine = { status: 0, desc: "" } as const;

function textOf(request: WechatRequest, name: string): string {
  const value = Object.hasOwn(request, name) ? request[name] : undefined;
  if (typeof value !== "string") throw RingbackError.at("invalid_request", name, "must be given, as a string");
  return value;
}

function isRecord(value: unknown): value is WechatRequest {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function portOf(request: FastifyRequest): number {
  return request.socket.localPort ?? 0;
}
