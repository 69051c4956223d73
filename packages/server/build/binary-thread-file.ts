import { getAsset } from "node:sea";

/** In a single file, the program of a database thread is an asset. A thread takes it as a URL, without a file. */
export const databaseThreadFile = new URL(
  `data:text/javascript;base64,${Buffer.from(getAsset("database-thread.js")).toString("base64")}`,
);
