import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";

/** The branding of the page that the account's portal links open. */
export interface PortalSettings {
  /** The name at the top of the page; "": the name of the account. */
  readonly name: string;
  /** An image as a `data:` URL; null: none. */
  readonly logo: string | null;
  /** `#rrggbb`; null: the page's own. */
  readonly accent: string | null;
  readonly accentDark: string | null;
  /** Origins whose pages may show the page in a frame. */
  readonly frameAncestors: readonly string[];
}

const logoForm = /^data:image\/(?:png|jpeg|webp|gif|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/;
const colorForm = /^#[0-9a-f]{6}$/i;

/**
 * Throws `invalid_request`. The origins become a part of a header, so each is an exact origin: one with a wildcard, a
 * path or a space could allow more pages than its author meant.
 */
export function assertPortal({ logo, accent, accentDark, frameAncestors }: PortalSettings): void {
  if (logo !== null && !(logo.length <= limits.portalLogoCharsMax && logoForm.test(logo))) {
    const types = "PNG, JPEG, WebP, GIF or SVG";
    refuse(
      "logo",
      `must be an image (${types}) as data:image/…;base64,…, at most ${limits.portalLogoCharsMax} characters`,
    );
  }
  for (const [field, color] of [["accent", accent] as const, ["accentDark", accentDark] as const]) {
    if (color !== null && !colorForm.test(color)) refuse(field, "must be a colour such as #1f5fbf");
  }
  for (const [index, origin] of frameAncestors.entries()) {
    if (isFrameOrigin(origin)) continue;
    const rule = "must be an origin such as https://app.example.com; http is allowed for localhost only";
    refuse(`frameAncestors[${index}]`, rule);
  }
}

function isFrameOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.origin !== text || url.hostname.includes("*")) return false;
  return (
    url.protocol === "https:" || (url.protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}

function refuse(field: string, rule: string): never {
  throw RingbackError.at("invalid_request", `portal.${field}`, rule);
}
