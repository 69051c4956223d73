import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { message, Scene } from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
import { Child } from "./testing/child.ts";
import { temporaryFolder } from "./testing/sqlite-folder.ts";
import { storeOptions } from "./testing/store-options.ts";

// Real: SQLite, its files and their modes, a second connection that reads, a process that is killed. Nothing is faked
// but the clock.
const folders: string[] = [];

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Opens a store on the folder, and returns it with its warnings. */
async function open(folder: string, options: Partial<SqliteStoreOptions> = {}) {
  const warnings: string[] = [];
  const clock = new ManualClock();
  const store = await SqliteStore.open(
    storeOptions(folder, { clock, warn: (sentence) => void warnings.push(sentence), ...options }),
  );
  const under = { store, clock, crash: () => Promise.reject(new Error("unused")), dispose: () => store.close() };
  return { store, warnings, scene: await Scene.make(under) };
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const modesIn = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, modeOf(join(folder, name))]));
const privateFiles = {
  "ringback.db": "600",
  "ringback.db-shm": "600",
  "ringback.db-wal": "600",
  "ringback.lock": "600",
  "ringback.lock-journal": "600",
  "ringback.pid": "600",
};

describe.skipIf(process.platform === "win32")("a data folder", () => {
  test.each([0o000, 0o022, 0o077])("and its files are private under the umask %o", async (umask) => {
    const folder = join(newFolder(), "new", "data");
    const before = process.umask(umask);
    try {
      const { store, warnings, scene } = await open(folder);
      await scene.publish("a");
      expect([modeOf(folder), modesIn(folder)]).toEqual(["700", privateFiles]);
      expect(warnings).toEqual([]);
      await store.close();
    } finally {
      process.umask(before);
    }
  });

  test("that exists with rights of others loses them, and each is reported once", async () => {
    const folder = newFolder();
    await (await open(folder)).store.close();
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "ringback.db"), 0o644);
    chmodSync(join(folder, "ringback.pid"), 0o666);
    writeFileSync(join(folder, "ringback.db-wal"), "");
    chmodSync(join(folder, "ringback.db-wal"), 0o664);
    writeFileSync(join(folder, "master.key"), "");
    chmodSync(join(folder, "master.key"), 0o644);
    const first = await open(folder);
    expect([modeOf(folder), modesIn(folder)]).toEqual(["700", { ...privateFiles, "master.key": "600" }]);
    expect(first.warnings.map((sentence) => sentence.replaceAll(folder, "F")).sort()).toEqual([
      'Other users of this machine had rights on the file "F/master.key". Its mode is now 600.',
      'Other users of this machine had rights on the file "F/ringback.db". Its mode is now 600.',
      'Other users of this machine had rights on the file "F/ringback.db-wal". Its mode is now 600.',
      'Other users of this machine had rights on the file "F/ringback.pid". Its mode is now 600.',
      'Other users of this machine had rights on the folder "F". Its mode is now 700.',
    ]);
    await first.store.close();
    const second = await open(folder);
    expect(second.warnings).toEqual([]);
    await second.store.close();
  });

  test("with a link to a file elsewhere, such as a mounted secret, does not change that file", async () => {
    const folder = newFolder();
    const elsewhere = join(newFolder(), "secret");
    writeFileSync(elsewhere, "");
    chmodSync(elsewhere, 0o644);
    symlinkSync(elsewhere, join(folder, "master.key"));
    const { store, warnings } = await open(folder);
    expect([modeOf(elsewhere), warnings]).toEqual(["644", []]);
    await store.close();
  });

  test("that contains other files keeps its mode, with a warning, and the files of the server are private", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "notes.txt"), "");
    chmodSync(join(folder, "notes.txt"), 0o644);
    mkdirSync(join(folder, "lost+found"));
    chmodSync(folder, 0o755);
    const { store, warnings } = await open(folder);
    expect(modeOf(folder)).toBe("755");
    expect(modesIn(folder)).toMatchObject({ ...privateFiles, "notes.txt": "644" });
    expect(warnings).toEqual([expect.stringMatching(/have rights on the data folder .* also contains other files/)]);
    await store.close();
  });
});

const MIB = 1024 ** 2;
const bytesOf = (folder: string, name = "ringback.db-wal"): number => statSync(join(folder, name)).size;
const large = () => message("x".repeat(60_000));

/** Starts a read of another program, which goes on until the returned connection is closed. */
function holdRead(folder: string): DatabaseSync {
  const reader = new DatabaseSync(join(folder, "ringback.db"), { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM topic").get();
  return reader;
}

describe("a write-ahead log", () => {
  test("that a reader keeps from being emptied counts into the limit, and is cut when the reader has ended", async () => {
    const folder = newFolder();
    const { store, scene } = await open(folder, { bytesMax: 10 * MIB });
    const reader = holdRead(folder);
    let published = 0;
    let refusal: unknown = null;
    while (refusal === null) {
      refusal = await scene.publish(large()).then(
        () => (published++, null),
        (error: unknown) => error,
      );
    }
    expect(refusal).toMatchObject({ code: "storage_full" });
    expect(published).toBeGreaterThan(50);
    // One transaction may exceed the limit.
    expect(bytesOf(folder) + bytesOf(folder, "ringback.db")).toBeLessThan(10.25 * MIB);
    // Changes that need no new page are refused, too, because they make the log longer.
    await expect(
      store.catalog.setSubscriptionState(scene.topic.id, "none", "paused").then(() => scene.publish("small")),
    ).rejects.toMatchObject({ code: "storage_full" });
    reader.close();
    expect(await scene.publish("small")).toMatchObject({ firstSeq: published + 1 });
    expect(bytesOf(folder)).toBeLessThan(MIB);
    await store.close();
  });

  test("without a limit grows while a reader holds it, and is cut to 16 MiB afterwards without a stop", async () => {
    const folder = newFolder();
    const { store, scene } = await open(folder);
    const reader = holdRead(folder);
    for (let count = 0; count < 20; count++) await scene.publish(message("x".repeat(1_000_000)));
    expect(bytesOf(folder)).toBeGreaterThan(18 * MIB);
    reader.close();
    for (let count = 0; count < 3; count++) await scene.publish("a");
    expect(bytesOf(folder)).toBeLessThanOrEqual(16 * MIB);
    await store.close();
  });

  test("is not held by this server's own reads, also when they end early", async () => {
    const folder = newFolder();
    const { store, scene } = await open(folder, { messageCacheBytes: 0 });
    const subscription = await scene.subscribe("reader", {}, "oldest");
    for (let count = 0; count < 5; count++) await scene.publish(large());
    await scene.claim(subscription, { bytesMax: 1 });
    await store.records.getMessage(scene.topic.accountId, scene.idOf(1));
    const other = new DatabaseSync(join(folder, "ringback.db"));
    expect(other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()).toMatchObject({ busy: 0 });
    other.close();
    await store.close();
  });
});

const files = ["ringback.db", "ringback.db-wal", "ringback.db-shm"];
const lost = (fault: string) => [expect.stringMatching(new RegExp(`did not stop cleanly, .*-wal" ${fault}\\. What`))];

/** Starts a server on a new folder, publishes there, and kills the server. */
async function killed(): Promise<string> {
  const folder = newFolder();
  const child = Child.start("./appending-child.ts", folder);
  await child.readLines(50);
  await child.kill();
  return folder;
}

/** Opens a copy of some files of a folder, as a restored copy would be opened. */
async function warningsOfCopy(folder: string, names: readonly string[], change?: (copy: string) => void) {
  const copy = newFolder();
  for (const name of names) copyFileSync(join(folder, name), join(copy, name));
  change?.(copy);
  const { store, warnings } = await open(copy);
  await store.close();
  const again = await open(copy);
  expect(again.warnings).toEqual([]);
  await again.store.close();
  return warnings;
}

const cut = (bytes: number) => (copy: string) => truncateSync(join(copy, "ringback.db-wal"), bytes);

describe("a start after a stop that was not clean", () => {
  test("warns when the write-ahead log is missing or cut, once, and not when it is whole", async () => {
    const folder = await killed();
    expect(await warningsOfCopy(folder, files)).toEqual([]);
    expect(await warningsOfCopy(folder, files.slice(0, 2))).toEqual([]);
    expect(await warningsOfCopy(folder, ["ringback.db"])).toEqual(lost("is missing"));
    expect(await warningsOfCopy(folder, ["ringback.db", "ringback.db-shm"])).toEqual(lost("is missing"));
    expect(await warningsOfCopy(folder, files, cut(0))).toEqual(lost("is missing"));
    // The header of the log, and a part of its first frame, its first frame, and one and a half frames.
    for (const bytes of [1_000, 32 + 4_120, 32 + 6_180]) {
      expect(await warningsOfCopy(folder, files, cut(bytes))).toEqual(lost("is cut off"));
    }
  });

  test("does not warn after a clean stop, although there is no write-ahead log", async () => {
    const folder = newFolder();
    const { store, scene } = await open(folder);
    await scene.publish("a");
    await store.close();
    expect(readdirSync(folder)).not.toContain("ringback.db-wal");
    expect(await warningsOfCopy(folder, ["ringback.db"])).toEqual([]);
  });

  test("does not warn after a crash with a log that a checkpoint had emptied", async () => {
    const folder = newFolder();
    const { store } = await open(folder);
    const other = new DatabaseSync(join(folder, "ringback.db"));
    other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const copy = newFolder();
    for (const name of files) copyFileSync(join(folder, name), join(copy, name));
    other.close();
    await store.close();
    expect(await warningsOfCopy(copy, files)).toEqual([]);
  });
});
