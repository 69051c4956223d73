import { bytesOf } from "../../protocols/body-bytes.ts";
import { fromBase64, toBase64 } from "../../protocols/base64.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { utf8Text } from "../../protocols/text-bytes.ts";
import { ReceiveError } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { withinLimit } from "./node-message.ts";
import { refusal, replyTo, type RequestHead } from "./safe-reply.ts";

/**
 * The members that are used of an event of AWS Lambda: of API Gateway in its formats 1.0 (REST) and 2.0 (HTTP), of a
 * function URL, and of an application load balancer.
 */
export interface LambdaEvent {
  readonly headers?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly body?: unknown;
  /** The body before a middleware of the program parsed it, in the form in which `body` had it. */
  readonly rawBody?: unknown;
  readonly isBase64Encoded?: boolean | undefined;
  /** Format 2.0 and function URLs. */
  readonly rawPath?: string | undefined;
  readonly rawQueryString?: string | undefined;
  readonly requestContext?: object | undefined;
  /** Format 1.0 and load balancers. */
  readonly httpMethod?: string | undefined;
  readonly path?: string | undefined;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null | undefined;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null | undefined;
}

export interface LambdaResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  /** Only for an event with `multiValueHeaders`: some load balancers read nothing else. */
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * Returns a handler for AWS Lambda: `export const handler = toLambdaHandler(receiver)`.
 *
 * API Gateway in format 1.0 decodes bodies as UTF-8, unless their content type is one of the API's `binaryMediaTypes`.
 * Other bytes are lost before the function runs, so set `binaryMediaTypes` to receive bodies that are not UTF-8.
 *
 * The promise rejects only when a middleware has parsed the body and not kept its text, which is an error in the
 * program.
 */
export function toLambdaHandler(receiver: Receiver): (event: LambdaEvent) => Promise<LambdaResult> {
  return async (event) => {
    const head = headOf(event);
    const text = event.rawBody ?? event.body ?? "";
    if (bytesOf(text) === null) {
      const error = new ReceiveError("body_already_read", {
        message:
          "the event's body is not text any more: call the receiver before a middleware that parses the body, or " +
          "keep the text in event.rawBody",
      });
      await refusal(receiver, error, head);
      throw error;
    }
    const isEncoded = event.isBase64Encoded === true && typeof text === "string";
    return toResult(
      event,
      await replyTo(receiver, head, () =>
        isEncoded ? decoded(text, receiver.bodyBytesMax) : withinLimit(bytesOf(text)!, receiver.bodyBytesMax),
      ),
    );
  };
}

function decoded(text: string, bytesMax: number): Uint8Array {
  if (text.length > (Math.ceil(bytesMax / 3) + 1) * 4) throw new ReceiveError("body_too_large");
  const bytes = fromBase64(text);
  if (bytes === null) throw new ReceiveError("body_incomplete");
  return withinLimit(bytes, bytesMax);
}

function headOf(event: LambdaEvent): RequestHead {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(event.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
    if (values !== undefined) headers[name.toLowerCase()] = values.join(", ");
  }
  const query = event.rawQueryString ?? queryOf(event);
  const path = event.rawPath ?? event.path ?? "/";
  const { http } = (event.requestContext ?? {}) as { readonly http?: { readonly method?: string } };
  const method = http?.method ?? event.httpMethod ?? "";
  return { method, path: query === "" ? path : `${path}?${query}`, headers };
}

function queryOf({ queryStringParameters, multiValueQueryStringParameters }: LambdaEvent): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {})) {
    for (const one of typeof value === "string" ? [value] : (value ?? [])) query.append(name, one);
  }
  return query.toString();
}

/** A text is not encoded: API Gateway in format 1.0 passes base64 on as it is, unless it is set up for binary data. */
function toResult({ multiValueHeaders }: LambdaEvent, { status, headers, body }: ReceiverReply): LambdaResult {
  const text = typeof body === "string" ? body : utf8Text(body);
  return {
    statusCode: status,
    headers: { ...headers },
    ...(multiValueHeaders ? { multiValueHeaders: multiple(headers) } : {}),
    body: text ?? toBase64(bytesOf(body)!),
    isBase64Encoded: text === null,
  };
}

function multiple(headers: ReceiverReply["headers"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
}
