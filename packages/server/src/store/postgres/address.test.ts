import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressFault, addressFault, parseAddress } from "../postgres-address.ts";
import { newClient } from "./connection.ts";
import { PostgresStore } from "./postgres-store.ts";
import { storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: the pg library, and PostgreSQL on a Unix socket.

/** The URL of an address, or `refused`. Every other error is thrown. */
function urlOf(address: string): string {
  try {
    return parseAddress(address).url;
  } catch (error) {
    if (error instanceof AddressFault) return "refused";
    throw error;
  }
}

/** Reads an address, and returns the values with which the pg library connects. */
function read(address: string) {
  const { user, password, host, port, database } = newClient(address, "test") as unknown as Record<string, unknown>;
  return { user, password, host, port, database };
}

const usual = { user: "u", password: "p", host: "db", port: 5432, database: "name" };

describe("a connection string", () => {
  it.each([
    ["postgres://u:p@db/name", {}],
    ["postgresql://u:p@db:6000/name?sslmode=disable", { port: 6000 }],
    ["postgres://u:p%23s%2Fs%40%25@db/name", { password: "p#s/s@%" }],
    ["postgres://u:p#ss@db/name", { password: "p#ss" }],
    ["postgres://u:p/ss@db/name", { password: "p/ss" }],
    ["postgres://u:12/ss@db/name", { password: "12/ss" }],
    ["postgres://u:p?x=y&z@db/name", { password: "p?x=y&z" }],
    ["postgres://u:p@ss@db/name", { password: "p@ss" }],
    ["postgres://u:p@ss/w@db/name", { password: "p@ss/w" }],
    ["postgres://u:p@s?s@db/name", { password: "p@s?s" }],
    ["postgres://u:p:ss@db/name", { password: "p:ss" }],
    ["postgres://u:100%@db/name", { password: "100%" }],
    ["postgres://u:p ss@db/name", { password: "p ss" }],
    ["postgres://u%40tenant:p@db/name", { user: "u@tenant" }],
    ["postgres://u:p@db/name?application_name=a@b", {}],
    ["postgres://u:p@[::1]:6000/name", { host: "::1", port: 6000 }],
    ["postgres://u:p@/name?host=/run/sock", { host: "/run/sock" }],
    ["postgres://u:p@/name?host=/run/sock&port=6000", { host: "/run/sock", port: 6000 }],
    ["postgres://u:p@%2Frun%2Fsock/name", { host: "/run/sock" }],
    ["postgres:///name?host=db&user=u&password=p", {}],
    ["postgres://u:p@other/other?host=db&dbname=name", {}],
    ["postgres://u:p@db/a%20b%2Fc", { database: "a b/c" }],
    ["host=db user=u password=p dbname=name", {}],
    [
      "host=/run/sock port=6000 user=u password='p \\'s\\\\' dbname=name",
      { host: "/run/sock", port: 6000, password: "p 's\\" },
    ],
    [" host = db user = u password = p#?/@ dbname = name ", { password: "p#?/@" }],
  ])("in libpq's form is read as libpq reads it: %s", (address, difference) => {
    expect(read(address)).toEqual({ ...usual, ...difference });
  });

  it("without host, port and name is completed from the environment and from the user", () => {
    expect(read("postgres://u:p@")).toMatchObject({ host: "localhost", port: 5432, database: "u" });
    expect(parseAddress("postgres://u:p@").host).toBe("localhost");
  });

  it.each(["binary=true", "query_timeout=1", "replication=true", "sslmod=require", "SSLMODE=require", "sslcrl=file"])(
    "with a parameter that the server does not heed is refused: %s",
    (parameter) => {
      const fault = /^has an unknown parameter \(number 2 of its 2\); known are application_name, /;
      expect(addressFault(`postgres://u@db/name?sslmode=require&${parameter}`)).toMatch(fault);
      expect(addressFault(`host=db user=u sslmode=require ${parameter}`)).toMatch(fault);
    },
  );

  it("may have parameters of libpq that make no difference here", () => {
    expect(read("postgres://u:p@db/name?connect_timeout=10&channel_binding=require")).toMatchObject(usual);
  });

  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });

  it("has any user and any password, when they are escaped", () => {
    fc.assert(
      fc.property(text, text, (user, password) => {
        const address = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db:1/name`;
        expect(read(address)).toEqual({ user, password, host: "db", port: 1, database: "name" });
        const pairs = [user, password].map((value) => `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`);
        expect(read(`user=${pairs[0]} password=${pairs[1]} host=db port=1 dbname=name`)).toMatchObject({
          user,
          password,
        });
      }),
    );
  });

  it("that is wrong is refused without its password, and never crashes", () => {
    fc.assert(
      fc.property(text, fc.boolean(), (wrong, isUrl) => {
        expect(urlOf(isUrl ? `postgres://${wrong}` : wrong)).toMatch(/^(?:postgres:\/\/|refused$)/);
      }),
    );
  });

  it.each([
    [
      "postgres://u:secret@db:port/name",
      /^cannot be split into user, password and host; write .* %40 %3A %2F %3F %23 and %25$/,
    ],
    ["postgres://u:secret@a@db/x?y=@db/name", /^cannot be split/],
    ["postgres://u:secret@one:1,two:2/name", /^names several hosts/],
    ["host=one,two password=secret", /^names several hosts/],
    ["postgres://u:secret@db:70000/name", /^has a port/],
    ["postgres://u:secret%ff@db/name", /^has a % and two digits/],
    ["password='secret host=db", /^is not a list of key=value; put a value with spaces between single quotes/],
    ["mysql://u:secret@db/name", /^is not valid$/],
  ])("that cannot be read is refused with what to change: %s", (address, fault) => {
    expect(addressFault(address)).toMatch(fault);
    expect(addressFault(address)).not.toContain("secret");
  });
});

it("with the folder of a Unix socket opens the database, and errors name folder and database only", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rb-"));
  chmodSync(folder, 0o777);
  const server = await PostgresServer.start({ settings: [`unix_socket_directories=${folder}`] });
  try {
    const address = (name: string) => `postgres://ringback:secret#1@/${name}?host=${folder}&port=${server.port}`;
    await (await PostgresStore.open(storeOptions(address("postgres")))).close();
    await expect(PostgresStore.open(storeOptions(address("nowhere")))).rejects.toThrow(
      `The database "nowhere" at ${folder} cannot be opened: database "nowhere" does not exist`,
    );
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
