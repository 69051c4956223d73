/**
 * Path of the documentation site, on whatever host it is published. The `type` of a problem points at a page below it
 * (RFC 9457 allows a path without a host), and `npm run docs` builds the site for it.
 */
export const siteBase = "/docs/";
