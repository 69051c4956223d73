import { errorTable, type RingbackError } from "../domain/errors.ts";
import { sourceOf } from "../http/client-connections.ts";
import type { LimitedLog } from "./limited-log.ts";
import { isLimit } from "./request-log.ts";

interface RefusalCounts {
  refusedEarly(status: number): void;
  connectionsRefused(count: number): void;
}

/** Writes a line about each request that is refused before a route gets it, and counts these requests. */
export function reportEarlyRefusals(log: LimitedLog, counts: RefusalCounts) {
  return {
    refusedEarly({ code, message }: RingbackError, remoteAddress: string): void {
      const { status } = errorTable[code];
      counts.refusedEarly(status);
      const members = { source: remoteAddress === "" ? null : sourceOf(remoteAddress), errorCode: code };
      const source = { key: `${members.source ?? ""} ${code}`, account: null, members };
      const more = () => ({ status, errorDetail: message });
      const text = "a request was refused before it was read to the end";
      log.write(isLimit(code) ? "warn" : "info", "request.refused", source, more, text);
    },
    connectionsRefused(from: string, count: number): void {
      counts.connectionsRefused(count);
      const source = { key: from, account: null, members: { source: from } };
      log.write(
        "warn",
        "connection.refused",
        source,
        () => ({ count }),
        "refused connections of a source with too many",
      );
    },
  };
}
