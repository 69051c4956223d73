import type { Language } from "../language/text.ts";

/** A whole number with separators; from a million on with a suffix. */
export function count(n: number, language: Language): string {
  const short = { notation: "compact", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language, n >= 1_000_000 ? short : {}).format(n);
}

/** A share as per cent. Only exactly all is shown as 100 %, and only exactly none as 0 %. */
export function percent(share: number, language: Language): string {
  const rounded = Math.round(share * 1_000) / 1_000;
  const shown = share < 1 && rounded === 1 ? 0.999 : share > 0 && rounded === 0 ? 0.001 : rounded;
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(shown);
}

const byteUnits = ["bytes", "KB", "MB", "GB", "TB"];

export function bytes(n: number, language: Language): string {
  const power = Math.min(byteUnits.length - 1, n < 1 ? 0 : Math.floor(Math.log(n) / Math.log(1024)));
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: power === 0 ? 0 : 1 });
  return `${number.format(n / 1024 ** power)} ${byteUnits[power] ?? ""}`;
}
