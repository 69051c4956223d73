import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { startChromium } from "../../server/test/harness/chromium.ts";

const packages = fileURLToPath(new URL("../../../node_modules", import.meta.url));
const cache = join(packages, ".cache/ringback-fonts");

/**
 * Starts a Chromium that knows the same fonts on every machine: DejaVu, and Noto Sans SC for Chinese. So screenshots of
 * two machines can be compared. Throws where Chromium cannot run.
 */
export async function startBrowser(args: readonly string[] = []): Promise<Browser> {
  const browser = await startChromium(["--font-render-hinting=none", ...args], { FONTCONFIG_FILE: fontsFile() });
  if (typeof browser === "string") throw new Error(browser);
  return browser;
}

function fontsFile(): string {
  const lines = [
    `<dir>${join(packages, "dejavu-fonts-ttf/ttf")}</dir>`,
    `<dir>${join(packages, "@embedpdf/fonts-sc/fonts")}</dir>`,
    `<cachedir>${join(cache, "cache")}</cachedir>`,
    ...["Serif", "Math"].map(
      (kind) => `<selectfont><rejectfont><glob>*/DejaVu${kind}*</glob></rejectfont></selectfont>`,
    ),
    ...["sans-serif", "system-ui", "serif"].map((family) => replaced(family, "DejaVu Sans")),
    mediumIsBold,
    ...["monospace", "ui-monospace"].map((family) => replaced(family, "DejaVu Sans Mono")),
  ];
  mkdirSync(cache, { recursive: true });
  const file = join(cache, "fonts.conf");
  writeFileSync(file, `<?xml version="1.0"?>\n<fontconfig>\n${lines.join("\n")}\n</fontconfig>\n`);
  return file;
}

/** DejaVu has no medium weight, and another family would be taken for it. */
const mediumIsBold =
  '<match target="pattern"><test name="weight"><const>medium</const></test>' +
  '<edit name="weight" mode="assign"><const>bold</const></edit></match>';

function replaced(family: string, font: string): string {
  const test = `<test name="family"><string>${family}</string></test>`;
  return `<match>${test}<edit name="family" mode="assign" binding="strong"><string>${font}</string></edit></match>`;
}
