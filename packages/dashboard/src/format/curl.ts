import type { components } from "@ringback/sdk/client";

export type Message = components["schemas"]["Message"];
type MessageInput = components["schemas"]["MessageInput"];

/** The message as the body of a publish, to publish it once more. */
export function inputOf(message: Message): MessageInput {
  const { body, bodyBase64, tags, type, orderingKey, attributes, contentType } = message;
  return {
    // A message that was empty has neither member.
    ...(bodyBase64 === undefined ? { body: body ?? "" } : { bodyBase64 }),
    ...(tags.length > 0 && { tags }),
    ...(type !== null && { type }),
    ...(orderingKey !== null && { orderingKey }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(contentType !== null && { contentType }),
  };
}

/** A command for a shell that publishes the message once more. */
export function curlOfPublish(message: Message, origin: string): string {
  const url = `${origin}/v1/topics/${encodeURIComponent(message.topic)}/messages`;
  const body = JSON.stringify(inputOf(message));
  return ["curl", "-X POST", quoted(url), "-H 'Content-Type: application/json'", `--data-raw ${quoted(body)}`].join(
    " ",
  );
}

/** A request as it was sent, of which some header values may be secret. */
export type SentRequest = components["schemas"]["ExchangeRequest"];

/** Headers that curl makes from the URL and the body. */
const curlsOwn: ReadonlySet<string> = new Set(["host", "content-length", "connection", "transfer-encoding"]);
/** Headers that curl adds unless it is told not to. */
const added = ["Accept", "User-Agent", "Content-Type"];

/** A command for a POSIX shell that sends the request again. `secret` stands where a value is secret. */
export function curlOfRequest({ method, url, headers, body, bodyBase64 }: SentRequest, secret: string): string {
  const names = new Set(headers.map(({ name }) => name.toLowerCase()));
  const lines = [
    ...headers
      .filter(({ name }) => !curlsOwn.has(name.toLowerCase()))
      // A header without a value ends with a semicolon.
      .map(({ name, value }) => (value === "" ? `${name};` : `${name}: ${value ?? secret}`)),
    ...added.filter((name) => !names.has(name.toLowerCase())).map((name) => `${name}:`),
  ];
  const [data, before] =
    bodyBase64 === undefined && body?.includes("\0") !== true
      ? [`--data-raw ${quoted(body ?? "")}`, ""]
      : ["--data-binary @-", `printf %s ${bodyBase64 ?? base64Of(body ?? "")} | base64 -d | `];
  const parts = [`curl -X ${method ?? "POST"} ${quoted(url)}`, ...lines.map((line) => `-H ${quoted(line)}`), data];
  return before + parts.join(" \\\n  ");
}

function base64Of(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

/** One word of a POSIX shell, whatever it contains. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
