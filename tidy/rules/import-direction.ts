import { fileRule, type Finding } from "../rule.ts";
import { readImports } from "../source/imports.ts";
import type { SourceFile } from "../source/source-file.ts";

/**
 * The rooms by level, lowest level first. A room may import from itself and from every lower level, but not from
 * another room of its own level.
 */
const levels: readonly (readonly string[])[] = [
  ["sdk/protocols"],
  ["sdk/receive", "sdk/hooks", "sdk/client"],
  ["sdk/opencard", "sdk/index.ts"],
  ["domain"],
  ["expressions"],
  ["store", "transport", "http"],
  ["engine"],
  ["shapes", "ops"],
  ["api", "config"],
  ["compat", "dashboard"],
  [
    "open-store.ts",
    "create-accounts.ts",
    "create-account-services.ts",
    "create-events.ts",
    "create-recorders.ts",
    "load-tracing.ts",
    "watch-certificate.ts",
  ],
  ["stored-api-keys.ts", "server.ts"],
  ["cli"],
];
const levelOf: ReadonlyMap<string, number> = new Map(
  levels.flatMap((rooms, level) => rooms.map((room) => [room, level] as const)),
);

/** The rooms that may import a driver. All other rooms use only the ports. */
const driverUsers: ReadonlySet<string> = new Set(["open-store.ts", "cli"]);

/** Files that are not in the builds: tests, code that tests share, and the program that writes `docs/reference/`. */
const notShipped = /\.test\.ts$|\/testing\/|\/src\/store\/contract\/|\/src\/docs\//;

export const importDirection = fileRule(
  "import direction",
  "imports run one way, type-only imports included",
  function* (file) {
    const room = roomOf(file.path);
    if (room === null || notShipped.test(file.path)) return;
    if (!levelOf.has(room)) {
      yield {
        path: file.path,
        line: 1,
        sentence: `the room ${room} has no level; tidy/rules/import-direction.ts lists them`,
      };
      return;
    }
    yield* wrongImports(file, room);
  },
);

function* wrongImports(file: SourceFile, room: string): Generator<Finding> {
  for (const { line, specifier, path } of readImports(file)) {
    const target = path === null ? sdkRoom(specifier) : roomOf(path);
    if (target === null) continue;
    const wrong = path === null ? wrongRoom(room, target) : (wrongFile(file.path, path) ?? wrongRoom(room, target));
    if (wrong !== null) yield { path: file.path, line, sentence: `${room} imports ${path ?? specifier}, ${wrong}` };
  }
}

function wrongFile(from: string, to: string): string | null {
  if (notShipped.test(to)) return "which is not shipped";
  const driver = driverOf(to);
  // The memory driver is the SQLite driver without a disk. A migration reads the data of one driver and writes the data
  // of another one.
  const mayUse = driverUsers.has(roomOf(from) ?? "") || [driver, "memory", "migrate"].includes(driverOf(from));
  return driver === null || mayUse ? null : "a driver; only open-store.ts and cli may";
}

function wrongRoom(room: string, target: string): string | null {
  if (room === target) return null;
  const level = levelOf.get(target);
  if (level === undefined) return `but ${target} has no level`;
  const own = levelOf.get(room) as number;
  if (level === own) return `but ${target} is beside it`;
  return level > own ? `but ${target} is above it` : null;
}

function driverOf(path: string): string | null {
  return /^packages\/server\/src\/store\/(memory|sqlite|postgres|migrate)\//.exec(path)?.[1] ?? null;
}

/** Returns null for a file outside the sources of both packages. */
function roomOf(path: string): string | null {
  const match = /^packages\/(server|sdk)\/src\/([^/]+)/.exec(path);
  if (match === null) return null;
  return match[1] === "sdk" ? `sdk/${match[2]}` : (match[2] as string);
}

function sdkRoom(specifier: string): string | null {
  const entry = /^@ringback\/sdk\/(\w+)/.exec(specifier)?.[1];
  return entry === undefined ? null : `sdk/${entry}`;
}
