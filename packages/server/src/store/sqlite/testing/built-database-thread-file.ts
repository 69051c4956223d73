/** Takes the place of `database-thread-file.ts` in tests, as `vitest.config.ts` says. */
export const databaseThreadFile = new URL("../../../../dist/database-thread.js", import.meta.url);
