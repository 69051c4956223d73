/** The program of a database thread is beside this file in the sources and in the build; only its ending differs. */
const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";

export const databaseThreadFile = new URL(`./database-thread.${ending}`, import.meta.url);
