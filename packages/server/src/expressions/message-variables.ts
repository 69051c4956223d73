import type { CelValue } from "@bufbuild/cel";
import { messageId } from "../domain/message-id.ts";
import type { Message } from "../domain/model.ts";
import { celLibrary } from "./cel-library.ts";
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

  /** `message.publishedAtMs`: Unix time. */
  constructor(message: ExpressionMessage) {
    this.#message = message;
  }

  /** The empty text for a message without a type. */
  get type(): string {
    return this.#message.type ?? "";
  }

  get tags(): CelValue {
    return fromJson(this.#message.tags);
  }

  get attributes(): CelValue {
    return fromJson(this.#message.attributes);
  }

  /** null for a body that is no JSON. */
  get data(): CelValue {
    return (this.#data ??= readJson(this.#message.body));
  }

  get id(): string {
    return messageId(this.#message.topicId, this.#message.seq);
  }

  /** When the message was published. */
  get time(): object {
    return celLibrary().wkt.timestampFromMs(this.#message.publishedAtMs);
  }
}
