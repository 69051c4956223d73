/**
 * The rules for the page, which a browser enforces. Scripts, styles and data come from this server only, and the page
 * runs no script that is written into it.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

/** `frameAncestors`: origins of pages that may show this page in a frame; empty: none. */
export function pageHeaders(frameAncestors: readonly string[]): Record<string, string> {
  const isFramed = frameAncestors.length > 0;
  const ancestors = isFramed ? frameAncestors.join(" ") : "'none'";
  return {
    "content-security-policy": [...policy, `frame-ancestors ${ancestors}`].join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ...(isFramed ? {} : { "x-frame-options": "DENY" }),
  };
}
