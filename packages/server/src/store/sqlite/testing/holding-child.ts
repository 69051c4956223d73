/** Opens the given folder and keeps it open, or prints the error. */
import { SqliteStore } from "../sqlite-store.ts";
import { storeOptions } from "./store-options.ts";

const [folder] = process.argv.slice(2);
try {
  await SqliteStore.open(storeOptions(folder as string));
  process.stdout.write("open\n");
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}: ${(error as Error).message}\n`);
}
