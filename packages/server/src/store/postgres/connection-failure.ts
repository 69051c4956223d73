import { RingbackError } from "../../domain/errors.ts";

/**
 * Adds the names of the database and its host, and the cause, to the message of a failed connection. User and password
 * are left out. `fault`: what the caller could not do, such as "cannot be opened".
 */
export function toConnectionFailure(url: string, fault: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  // A host name with several addresses fails with one error per address; the first one explains enough.
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  const { host, pathname } = new URL(url);
  return new RingbackError(
    error.code,
    `The database "${pathname.slice(1)}" at ${host} ${fault}: ${(first ?? cause).message}`,
    { cause },
  );
}
