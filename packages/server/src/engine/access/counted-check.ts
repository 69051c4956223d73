import type { Access } from "./access.ts";

/**
 * Runs the check of a secret, such as a signature, and returns its result. The check throws if the secret is wrong.
 * Clients whose checks throw an error that `isWrongSecret` recognises are slowed down: then the check does not run,
 * whether the secret is right or wrong. `source` is the address of the client. Throws `too_many_failures`, and what the
 * check throws.
 */
export async function countedCheck<T>(
  access: Pick<Access, "checked">,
  source: string,
  check: () => Promise<T>,
  isWrongSecret: (error: unknown) => boolean,
): Promise<T> {
  let started: Promise<T> | null = null;
  const outcome = (): Promise<T> => (started ??= check());
  const isRight = (): Promise<boolean> =>
    outcome().then(
      () => true,
      (error: unknown) => !isWrongSecret(error),
    );
  await access.checked(source, isRight);
  return outcome();
}
