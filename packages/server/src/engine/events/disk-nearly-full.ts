import type { AccountId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EventMessages } from "./event-messages.ts";

export interface DiskUse {
  readonly what: "database" | "disk";
  readonly usedBytes: number;
  readonly bytesMax: number;
}

const levels = [95, 80];
const hourMs = 3600_000;

export interface DiskCheckOptions {
  readonly clock: Clock;
  readonly messages: EventMessages;
  /** The default account, which is the operator's. */
  readonly accountId: AccountId;
  readonly uses: () => Promise<readonly DiskUse[]>;
}

/** Returns a check that reports each level when it is reached, and at most once an hour. */
export function diskCheck({ clock, messages, accountId, uses }: DiskCheckOptions): () => Promise<void> {
  const reported = new Map<string, number>();
  return async () => {
    for (const { what, usedBytes, bytesMax } of await uses()) {
      const percent = levels.find((level) => usedBytes * 100 >= level * bytesMax) ?? 0;
      const before = reported.get(what) ?? 0;
      reported.set(what, percent);
      if (percent <= before) continue;
      const at = clock.wall();
      const key = `disk.nearly_full ${what} ${percent} ${Math.floor(at / hourMs)}`;
      messages.add({
        type: "disk.nearly_full",
        accountId,
        at,
        members: { what, percent, usedBytes, bytesMax },
        key,
      });
    }
  };
}
