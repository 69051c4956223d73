import type { FastifyInstance, FastifyRequest } from "fastify";
import { clientAddressOf } from "../../http/trusted-proxies.ts";
import type { RequestFailed } from "../../http/error-handler.ts";
import { noteError } from "../../http/answered-request.ts";
import { requestIdOf } from "../../http/request-id.ts";
import { bodyBytes } from "../../http/json-body.ts";
import { assertMay, assertTopicGranted, type Access } from "../../engine/access/access.ts";
import { type Actor, actorOf, actors, type Audit, type Change } from "../../engine/audit/audit.ts";
import type { Accounts } from "../../engine/accounts/accounts.ts";
import { accountNameOf, isOpenTo, tokenOf } from "../../api/access-gate.ts";
import type { AccountId } from "../../domain/model.ts";
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

export interface WechatDependencies extends Omit<HandlerDependencies, "accountId"> {
  readonly access: Access;
  readonly accounts: Pick<Accounts, "default">;
  readonly audit: Audit;
  readonly failed: RequestFailed;
  /** Cost of hashing the secret. The default takes about 40 ms; tests use a lower cost. */
  readonly secretCost?: ScryptCost;
}

const schema = {
  tags: ["compatibility"],
  operationId: "wechatHandlers",
  summary: "Manage handlers of WeChat messages, compatible with the WeChat HTTP API",
  description:
    "The member `type` selects the operation. A handler is a subscription of the topic that the setting `wechatTopic` " +
    "names. The status is 200 even for errors; `error_code` distinguishes them. Programs may also use the path `/api/`.",
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
      void reply.code(200).send(api.failure({ type: 0, port: portOf(request) }, error, request)),
    addRoutes(scope) {
      scope.post("/api", { schema, config }, (request) => api.answer(request));
      scope.post("/api/", { schema: { hide: true }, config }, (request) => api.answer(request));
    },
  });
}

/** The author of a change whose request had the secret. */
const secretHolder: Actor = { id: "wechat-secret", name: null };

/** The routes find out themselves who makes a request. */
const config = { access: "public" } as const;

interface AccountParts {
  readonly accountId: AccountId;
  readonly handlers: Handlers;
  readonly secret: Secret;
}

type RecordedChange = Pick<Change, "action" | "target" | "before" | "after">;
type RecordChange = (change: RecordedChange) => Promise<void>;

class WechatApi {
  readonly #given: WechatDependencies;
  readonly #parts = new Map<AccountId, AccountParts>();

  constructor(given: WechatDependencies) {
    this.#given = given;
  }

  async answer(request: FastifyRequest): Promise<Envelope> {
    const echo = { type: 0, port: portOf(request) };
    try {
      const parsed = parseLenientJson(bodyBytes(request));
      if (parsed === null) return failure(echo, errorCodes.invalidJson, "the request is not valid JSON");
      const { value } = parsed;
      if (!isRecord(value)) throw new RingbackError("invalid_request", "the request must be a JSON object");
      echo.type = integerOf(value, "type");
      const { who, parts } = await this.#authorise(request, value);
      const record = (change: RecordedChange) =>
        this.#given.audit.record(parts.accountId, {
          who,
          source: clientAddressOf(request),
          requestId: request.id,
          ...change,
        });
      return success(echo, await this.#run(parts, record, echo.type, value));
    } catch (error) {
      return this.failure(echo, error, request);
    }
  }

  /**
   * A request needs an API key, as `?key=` or in the header, or the secret of the default account. An open server
   * accepts requests without both until a secret is set. Requests without a key act on the default account only.
   */
  async #authorise(
    request: FastifyRequest,
    value: WechatRequest,
  ): Promise<{ readonly who: Actor; readonly parts: AccountParts }> {
    const { access, accounts } = this.#given;
    const token = keyOf(request);
    const accountName = accountNameOf(request);
    if (token !== null) {
      const caller = access.callerWith(await access.authenticate(token, clientAddressOf(request)), accountName);
      assertMay(caller, "admin");
      assertTopicGranted(caller, this.#given.topic);
      return { who: actorOf(caller), parts: this.#partsOf(caller.account.id) };
    }
    if (accountName !== null && accountName !== accounts.default.name) {
      throw new RingbackError("forbidden", "A request without an API key can act on the default account only.");
    }
    const parts = this.#partsOf(accounts.default.id);
    if ((await isOpenTo(access, request)) && !(await parts.secret.isSet())) return { who: actors.anyone, parts };
    const { secretKey = "" } = value;
    const refusal = new RingbackError("invalid_request", "secretKey: missing or wrong");
    if (secretKey === "") throw refusal;
    const check = async (): Promise<void> => {
      if (!(await parts.secret.accepts(secretKey))) throw refusal;
    };
    await access.checked(clientAddressOf(request), check, (error) => error === refusal);
    return { who: secretHolder, parts };
  }

  #partsOf(accountId: AccountId): AccountParts {
    let parts = this.#parts.get(accountId);
    if (parts === undefined) {
      const { store, randomBytes, secretCost } = this.#given;
      const secret = new Secret(store, accountId, randomBytes, secretCost);
      parts = { accountId, handlers: new Handlers({ ...this.#given, accountId }), secret };
      this.#parts.set(accountId, parts);
    }
    return parts;
  }

  failure(echo: RequestEcho, error: unknown, { raw }: FastifyRequest): Envelope {
    noteError(raw, error);
    if (error instanceof Unsupported) return failure(echo, errorCodes.unsupported, error.message);
    if (error instanceof RingbackError) return failure(echo, errorCodes.invalidParameter, error.message);
    // The request is not logged, because it may contain the secret.
    this.#given.failed(error, { requestId: requestIdOf(raw), api: "wechat", type: echo.type });
    return failure(echo, errorCodes.invalidParameter, "the server failed unexpectedly; see its log");
  }

  async #run(parts: AccountParts, record: RecordChange, type: number, request: WechatRequest): Promise<AnswerData> {
    const { handlers } = parts;
    switch (type) {
      case 1001:
        return this.#add(handlers, record, request);
      case 1002:
        return this.#remove(handlers, record, request);
      case 1003:
        return this.#list(handlers);
      case 1006:
        return this.#setSecret(parts.secret, record, request);
      default:
        throw new Unsupported(`type ${type} is not supported; use ${supportedTypes}`);
    }
  }

  async #add(handlers: Handlers, record: RecordChange, request: WechatRequest): Promise<AnswerData> {
    const hadTopic = (await handlers.topicView()) !== null;
    const cookie = await handlers.add(urlOfRequest(request));
    if (!hadTopic) {
      const target = `topics/${this.#given.topic}`;
      await record({ action: "wechat.addTopic", target, before: null, after: await handlers.topicView() });
    }
    const after = await handlers.view(cookie);
    await record({ action: "wechat.addHandler", target: handlers.pathOf(cookie), before: null, after });
    return { ...ok, cookie };
  }

  async #remove(handlers: Handlers, record: RecordChange, request: WechatRequest): Promise<AnswerData> {
    const cookie = textOf(request, "cookie");
    if (cookie === "") throw RingbackError.at("invalid_request", "cookie", "must be given, as a string");
    const before = await handlers.view(cookie);
    if (!(await handlers.remove(cookie))) {
      return { status: -1, desc: "there is no handler with this cookie", cookie: "" };
    }
    await record({ action: "wechat.removeHandler", target: handlers.pathOf(cookie), before, after: null });
    return { ...ok, cookie };
  }

  async #list(handlers: Handlers): Promise<AnswerData> {
    const items = (await handlers.list()).flatMap(({ cookie, url }) => {
      const address = addressOfUrl(url);
      return address === null ? [] : [{ cookie, ...address }];
    });
    return { ...ok, data: items };
  }

  async #setSecret(secret: Secret, record: RecordChange, request: WechatRequest): Promise<AnswerData> {
    const newSecret = textOf(request, "newSecretKey");
    if (newSecret.length > wechatLimits.secretCharsMax) {
      const fault = `must have at most ${wechatLimits.secretCharsMax} characters`;
      throw RingbackError.at("invalid_request", "newSecretKey", fault);
    }
    await secret.set(newSecret);
    await record({ action: "wechat.setSecret", target: "wechat/secret", before: null, after: null });
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

/** Returns the API key of a request; null: it has none. */
function keyOf(request: FastifyRequest): string | null {
  const { key } = request.query as { readonly key?: unknown };
  return typeof key === "string" ? key : tokenOf(request);
}
