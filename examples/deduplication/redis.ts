import type { Claim, DeduplicationStore } from "@ringback/sdk/receive";

/** The commands of `ioredis` that are used. */
export interface RedisCommands {
  set(key: string, value: string, unit: "PX", ms: number, condition?: "NX"): Promise<string | null>;
  get(key: string): Promise<string | null>;
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
}

const isDone = "done";
const deleteIfOwned = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * Remembers handled messages in Redis. Give each receiver that handles the same messages for another purpose another
 * prefix. Messages that Redis loses, for example after a failover, are handled again if they are repeated.
 */
export function redisStore(redis: RedisCommands, prefix = "handled:"): DeduplicationStore {
  return {
    async claim(key, owner, claimMs): Promise<Claim> {
      if ((await redis.set(prefix + key, owner, "PX", claimMs, "NX")) !== null) return "new";
      // A claim that has ended in between counts as busy: the sender's next attempt gets it.
      return (await redis.get(prefix + key)) === isDone ? "done" : "busy";
    },
    done: (key, _owner, keepMs) => redis.set(prefix + key, isDone, "PX", keepMs),
    release: (key, owner) => redis.eval(deleteIfOwned, 1, prefix + key, owner),
  };
}
