import { RingbackError } from "../../domain/errors.ts";
import { parseAddress } from "../postgres-address.ts";

/**
 * Adds the names of the database and its host, and the cause, to the message of a failed connection. User and password
 * are left out. `fault`: what the caller could not do, such as "cannot be opened".
 */
export function toConnectionFailure(url: string, fault: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  // A host name with several addresses fails with one error per address; the first one explains enough.
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  const { host, database } = parseAddress(url);
  return new RingbackError(
    error.code,
    `The database ${database === null ? "" : `"${database}" `}at ${host} ${fault}: ${(first ?? cause).message}`,
    { cause },
  );
}
