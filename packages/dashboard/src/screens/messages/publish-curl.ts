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

/** One word of a POSIX shell, whatever it contains. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
