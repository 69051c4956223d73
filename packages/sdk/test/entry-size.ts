import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** Returns the size of a program that imports one entry point, minified and compressed as for a browser. */
export async function gzippedBytes(entry: string): Promise<number> {
  await using bundle = await rolldown({
    input: entry,
    platform: "neutral",
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ minify: true, codeSplitting: false });
  return gzipSync(output[0].code).length;
}
