import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { masterKeysOf } from "./config/master-key-file.ts";
import { version } from "./config/version.ts";
import { MasterKeys } from "./engine/keys/master-key.ts";
import { withOpaqueRecordIds } from "./store/opaque-record-ids.ts";
import { SqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { Store, StoreObserver } from "./store/store.ts";

export interface OpenStore {
  readonly store: Store;
  readonly masterKeys: MasterKeys;
}

/** Opens the database of the configuration, and reads the master keys. The caller must close the store. */
export async function openStore(config: Config, log: Logger, observer: StoreObserver): Promise<OpenStore> {
  const opened = await open(config, log, observer);
  try {
    const store = await withOpaqueRecordIds(opened);
    // With SQLite, the open store has locked the folder, so no other server can make a master key at the same time.
    const isLocal = config.database === "sqlite";
    const texts = isLocal ? masterKeysOf(config.data, config.masterKey, log) : config.masterKey;
    return { store, masterKeys: new MasterKeys(texts) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function open(config: Config, log: Logger, observer: StoreObserver): Promise<Store> {
  const { attemptRetentionMs, deadLetterRetentionMs, auditRetentionMs } = config;
  const account = { name: "default", appId: config.accountAppId };
  const node = { name: hostname(), version };
  const shared = { account, node, attemptRetentionMs, deadLetterRetentionMs, auditRetentionMs, observer };
  if (config.database !== "sqlite") {
    // Loaded only when needed, because most servers use SQLite.
    const { PostgresStore } = await import("./store/postgres/postgres-store.ts");
    return PostgresStore.open({ url: config.database, nodeAliveMs: config.nodeGoneAfterMs, ...shared });
  }
  const { databaseBytesMax: bytesMax, messageCacheBytes } = config;
  const warn = (sentence: string): void => log.warn(sentence);
  return SqliteStore.open({ folder: config.data, bytesMax, messageCacheBytes, warn, ...shared });
}
