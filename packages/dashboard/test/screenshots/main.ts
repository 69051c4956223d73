/**
 * `npm run dashboard:screenshots [-- NAME] [-- --record] [-- --out FOLDER]`: draws the screens whose name contains NAME
 * into the documents' folder of screenshots, or into another. `--record` reads the answers of the API anew, which is
 * needed when a screen makes other requests. Build the server before.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { keptFolder } from "./kept-pictures.ts";
import { record } from "./record.ts";
import { smallPng } from "./small-png.ts";
import { takePictures } from "./take-pictures.ts";

const { values, positionals } = parseArgs({
  options: { record: { type: "boolean", default: false }, out: { type: "string", default: keptFolder } },
  allowPositionals: true,
});
if (values.record) await record();
let count = 0;
let bytes = 0;
for await (const { name, file } of takePictures(positionals[0])) {
  const path = join(values.out, `${name}.png`);
  const small = smallPng(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, small);
  count++;
  bytes += small.length;
}
console.log(`${count} pictures, ${(bytes / 1e6).toFixed(1)} MB, in ${values.out}`);
