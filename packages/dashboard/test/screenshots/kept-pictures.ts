import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import type { Picture } from "./take-pictures.ts";

export const keptFolder = fileURLToPath(new URL("../../../../docs/screenshots/", import.meta.url));

/** The part of the pixels that may differ. */
const toleratedShare = 0.003;

/** Compares a picture with the kept one. Returns how they differ; null: they are the same to the eye. */
export function differenceFromKept({ name, file }: Picture, reportFolder: string): string | null {
  const path = join(keptFolder, `${name}.png`);
  if (!existsSync(path)) return `${name}: no such picture is kept`;
  const kept = PNG.sync.read(readFileSync(path));
  const drawn = PNG.sync.read(file);
  const { width, height } = drawn;
  const report = (image: PNG | Uint8Array, kind: string): void => {
    const target = join(reportFolder, `${name}.${kind}.png`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, image instanceof PNG ? PNG.sync.write(image) : image);
  };
  if (kept.width !== width || kept.height !== height) {
    report(file, "drawn");
    return `${name}: ${width}×${height} pixels; the kept picture has ${kept.width}×${kept.height}`;
  }
  const difference = new PNG({ width, height });
  const share = pixelmatch(kept.data, drawn.data, difference.data, width, height) / (width * height);
  if (share <= toleratedShare) return null;
  report(file, "drawn");
  report(difference, "difference");
  return `${name}: ${(share * 100).toFixed(2)} % of the pixels differ`;
}
