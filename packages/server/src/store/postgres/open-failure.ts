import { RingbackError } from "../../domain/errors.ts";

/** Adds the database and its host, without user and password, and the cause to the message of a failure to open. */
export function toOpenFailure(url: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  // A host name with several addresses fails with one error per address; the first one explains enough.
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  const { host, pathname } = new URL(url);
  return new RingbackError(
    error.code,
    `The database "${pathname.slice(1)}" at ${host} cannot be opened: ${(first ?? cause).message}`,
    { cause },
  );
}
