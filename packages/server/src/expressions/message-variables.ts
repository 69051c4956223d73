import type { CelValue } from "@bufbuild/cel";
import { messageId } from "../domain/message-id.ts";
import type { Message } from "../domain/model.ts";
import { celLibrary } from "./cel-library.ts";
import { ExpressionError } from "./expression-error.ts";
import type { Expression } from "./expression.ts";
import { fromJson, readJson } from "./json-values.ts";

export type ExpressionMessage = Pick<
  Message,
  "topicId" | "seq" | "type" | "tags" | "attributes" | "body" | "publishedAtMs"
>;

export const messageVariables: ReadonlySet<string> = new Set(["type", "tags", "attributes", "data", "id", "time"]);

/** The variables of an expression about a message. Each is read when an expression first uses it. */
export class MessageVariables {
  readonly #message: ExpressionMessage;
  #data: CelValue | undefined = undefined;
  #isNoJson = false;

  /** `message.publishedAtMs`: Unix time. */
  constructor(message: ExpressionMessage) {
    this.#message = message;
  }

  /** Throws `ExpressionError`. */
  evaluate(expression: Expression): CelValue {
    try {
      return expression.evaluate(this);
    } catch (error) {
      if (!(error instanceof ExpressionError) || !this.#isNoJson) throw error;
      const fault = `${error.fault}; the body of the message is no JSON, so data is null`;
      throw new ExpressionError(fault, error.position, error.member);
    }
  }

  /** The empty text for a message without a type. */
  get type(): string {
    return this.#message.type ?? "";
  }

  get tags(): CelValue {
    return fromJson(this.#message.tags, true);
  }

  get attributes(): CelValue {
    return fromJson(this.#message.attributes, true);
  }

  /** null for a body that is no JSON. */
  get data(): CelValue {
    if (this.#data === undefined) {
      const read = readJson(this.#message.body);
      this.#isNoJson = read === undefined;
      this.#data = read ?? null;
    }
    return this.#data;
  }

  get id(): string {
    return messageId(this.#message.topicId, this.#message.seq);
  }

  /** When the message was published. */
  get time(): object {
    return celLibrary().wkt.timestampFromMs(this.#message.publishedAtMs);
  }
}
