import { useEffect } from "react";
import { accentColours } from "../../format/colour.ts";
import type { Branding } from "../../api/branding.ts";

/** Shows the page in the customer's accent, while the calling component is shown. */
export function useBrandColours(branding: Branding | undefined): void {
  const light = branding?.accent ?? null;
  const dark = branding?.accentDark ?? light;
  useEffect(() => {
    if (light === null && dark === null) return;
    const sheet = new CSSStyleSheet();
    if (light !== null) sheet.insertRule(rule(":root:root", light, "light"));
    if (dark !== null) sheet.insertRule(rule(':root:root[data-theme="dark"]', dark, "dark"), sheet.cssRules.length);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    };
  }, [light, dark]);
}

/** The colours are computed, so no text of the customer gets into the rule. */
function rule(selector: string, given: string, theme: "light" | "dark"): string {
  const { accent, onAccent, tint } = accentColours(given, theme);
  return `${selector} { --accent: ${accent}; --on-accent: ${onAccent}; --tint: ${tint}; }`;
}
