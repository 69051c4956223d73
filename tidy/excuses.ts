import type { Excuse } from "./rule.ts";

/** Files that may be longer than others, at most eight. */
export const longFiles: readonly Excuse[] = [
  { name: "packages/server/src/store/postgres/schema.dump.sql", because: "`npm run generate:schema` writes it" },
  { name: "packages/sdk/src/client/generated/openapi.ts", because: "`npm run generate` writes it" },
];

/** The server's sources that may contain the names of CMQ, WeChat and MNS. */
export const otherSystems: readonly Excuse[] = [
  { name: "compat/", because: "the APIs, limits, names and errors of other systems are there and nowhere else" },
  { name: "server.ts", because: "the composition root gives each API of compat/ what it needs" },
  { name: "cli/", because: "the commands receive and inbox are the other end of CMQ and of WeChat" },
  { name: "docs/", because: "the reference of CMQ's API is written from compat/cmq/" },
  { name: "config/settings.ts", because: "the one table of settings has those of compat/" },
  { name: "config/config.test.ts", because: "the defaults of those settings are tested here" },
];

/** Names that look like file names but belong to things outside the repository. */
export const otherFiles: readonly Excuse[] = [
  { name: "Node.js", because: "a project" },
  { name: "tj/commander.js", because: "a repository at GitHub" },
  { name: "moved.js", because: "the reader's own program in docs/guide/from-cmq.md" },
  { name: "receiver.mjs", because: "the reader's own program in README.md, docs/guide/receiving.md and from-mns.md" },
  { name: "check.mjs", because: "the reader's own program in docs/guide/hooks.md" },
  { name: "customer.mjs", because: "the reader's own program in docs/guide/from-svix.md" },
  { name: "program.mts", because: "the reader's own program in docs/guide/client.md" },
  { name: "send.mts", because: "the reader's own program in docs/guide/sending-webhooks.md" },
  { name: "worker.mjs", because: "the reader's own program in docs/guide/pull.md" },
];
