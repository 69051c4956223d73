/** Describes why a POST failed, in words for the program's developers. */

/** Longer messages are cut. */
const detailCharsMax = 500;

type SystemError = Error & { readonly code?: unknown; readonly syscall?: unknown };

/**
 * `fetch` reports the actual reason as the error's cause. The message of an error of the operating system contains the
 * address of the hook, which must not be shown, so such an error is described by its system call and its code.
 */
export function detailOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message, code, syscall }: SystemError = error.cause instanceof Error ? error.cause : error;
  if (typeof code === "string" && (typeof syscall === "string" || message === "")) {
    return typeof syscall === "string" ? `${syscall} ${code}` : code;
  }
  const text = typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
  return text.trim() === "" ? undefined : text.trim().slice(0, detailCharsMax).toWellFormed();
}

export function tooLarge(bytesMax: number): string {
  return `the reply has more than ${bytesMax} bytes`;
}
