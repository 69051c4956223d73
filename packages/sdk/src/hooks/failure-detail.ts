/** Describes why a POST failed, in words for the program's developers. */

/** Longer messages are cut. */
const detailCharsMax = 500;

/** `fetch` reports the actual reason as the error's cause. */
export function detailOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message, code } = (error.cause instanceof Error ? error.cause : error) as Error & { readonly code?: unknown };
  const text = typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
  return text.trim() === "" ? undefined : text.trim().slice(0, detailCharsMax).toWellFormed();
}

export function tooLarge(bytesMax: number): string {
  return `the reply has more than ${bytesMax} bytes`;
}
