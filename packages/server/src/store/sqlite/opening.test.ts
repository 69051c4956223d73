import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Scene, textsOf } from "../contract/fixtures.ts";
import { APPLICATION_ID, migrations } from "./migrations.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { Child } from "./testing/child.ts";
import { SqliteFolder, temporaryFolder } from "./testing/sqlite-folder.ts";
import { storeOptions } from "./testing/store-options.ts";

// Real: the disk, SQLite, child processes. Nothing is faked.
const folders: string[] = [];
function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const open = (folder: string) => SqliteStore.open(storeOptions(folder));
const inUse = { code: "storage_unavailable", message: expect.stringMatching(/in use by another Ringback/) as string };

describe("two stores of one folder", () => {
  test("cannot be open in one process, and the first is not disturbed", async () => {
    const first = await SqliteFolder.open();
    await expect(open(first.folder)).rejects.toMatchObject({
      ...inUse,
      message: expect.stringContaining(`(process ${process.pid})`) as string,
    });
    const scene = await Scene.make(first);
    expect(await scene.publish("a")).toMatchObject({ firstSeq: 1 });
    await first.store.close();
    const second = await open(first.folder);
    await second.close();
    await first.dispose();
  });

  test("cannot be open in two processes until the first is killed", async () => {
    const folder = newFolder();
    const holder = Child.start("./holding-child.ts", folder);
    expect(await holder.readLines(1)).toEqual(["open"]);
    await expect(open(folder)).rejects.toMatchObject(inUse);
    const other = Child.start("./holding-child.ts", folder);
    expect((await other.readLines(1))[0]).toMatch(/^storage_unavailable: .* in use by another Ringback/);
    expect(await other.ended()).toBe(0);
    await holder.kill();
    const store = await open(folder);
    await store.close();
  });
});

describe("a folder that cannot be used", () => {
  test("is reported in one line with its name", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    await expect(open(join(file, "folder"))).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(/^The data folder ".*" cannot be used: .*/) as string,
    });
  });

  test("is not reported as in use when its lock file cannot be opened", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "ringback.lock"));
    await expect(open(folder)).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(/cannot be used/) as string,
    });
  });
});

describe("a database that cannot be used", () => {
  const newerVersion = migrations.length + 1;

  test("because a newer Ringback wrote it, is refused with both versions and left unchanged", async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    const file = join(folder, "ringback.db");
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${newerVersion}`);
    database.close();
    const before = readFileSync(file);
    await expect(open(folder)).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(
        new RegExp(`newer Ringback \\(schema ${newerVersion}; this one knows ${migrations.length}\\)`),
      ) as string,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test.each([
    ["an unreleased Ringback", "PRAGMA user_version = 3; CREATE TABLE topic (id INTEGER, filter_type TEXT)"],
    ["another program", "CREATE TABLE note (text TEXT)"],
    ["another program, which names itself,", "PRAGMA application_id = 0x0f055111"],
    ["nobody knows who", `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = -1`],
  ])("because %s wrote it, is refused in one line and left unchanged", async (_who, sql) => {
    const earlier = newFolder();
    const database = new DatabaseSync(join(earlier, "ringback.db"));
    database.exec(`PRAGMA journal_mode = WAL; ${sql}`);
    // After a crash the write-ahead log contains the whole database.
    const crashed = newFolder();
    const files = ["ringback.db", "ringback.db-wal"];
    for (const file of files) copyFileSync(join(earlier, file), join(crashed, file));
    database.close();
    for (const folder of [earlier, crashed]) {
      const contents = () =>
        files.map((file) => existsSync(join(folder, file)) && readFileSync(join(folder, file), "hex"));
      const before = contents();
      await expect(open(folder)).rejects.toMatchObject({
        code: "storage_unavailable",
        message: expect.stringMatching(
          /^".*ringback\.db" belongs to another program, or to a Ringback from before the first release[^\n]*$/,
        ) as string,
      });
      expect(contents().map((content) => content || "")).toEqual(before.map((content) => content || ""));
    }
  });

  test("because it is another kind of file, is refused with its name", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "ringback.db"), "This is a text, and not a short one. ".repeat(500));
    await expect(open(folder)).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(
        /^The database ".*ringback\.db" cannot be opened: file is not a database/,
      ) as string,
    });
  });

  test("because its catalog is damaged, is refused and leaves neither a thread nor the lock behind", async () => {
    const own = await SqliteFolder.open();
    for (let count = 0; count < 200; count++) await Scene.make(own);
    await own.store.close();
    const intact = readFileSync(own.file);
    writeFileSync(own.file, Buffer.from(intact).fill(0x5a, 4096));
    await expect(open(own.folder)).rejects.toMatchObject({
      code: "storage_unavailable",
      message: expect.stringMatching(/^The database ".*ringback\.db" cannot be opened: .*malformed/) as string,
    });
    writeFileSync(own.file, intact);
    const store = await open(own.folder);
    expect(await store.records.statistics()).toMatchObject({ topics: 200 });
    await store.close();
    await own.dispose();
  });
});

describe("a clean close", () => {
  test("leaves all data in one file", async () => {
    const own = await SqliteFolder.open();
    const scene = await Scene.make(own);
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await own.store.close();
    const folder = newFolder();
    writeFileSync(join(folder, "ringback.db"), readFileSync(own.file));
    const store = await open(folder);
    const claims = await store.log.claim(
      [{ subscriptionId: reader.id, deliveriesMax: 5, bytesMax: 100, fromLog: true }],
      1_000,
    );
    expect(claims.flatMap(textsOf)).toEqual(["a", "b"]);
    await store.close();
    await own.dispose();
  });
});
