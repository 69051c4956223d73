/** The address of a portal link, and of the screens that it opens, which are below it. */
const portalPath = /^(\/ui\/portal\/([A-Za-z0-9]{1,64}))(?:\/.*)?$/;

export interface PortalAddress {
  readonly link: string;
  /** The beginning of the addresses of all screens of the portal. */
  readonly base: string;
  /** null: the page was loaded again, after the token had been removed from the address. */
  readonly token: string | null;
}

/** Returns the portal link in an address; null: the address is another one. */
export function portalOf(pathname: string, hash: string): PortalAddress | null {
  const [, base, link] = portalPath.exec(pathname) ?? [];
  if (base === undefined || link === undefined) return null;
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("token");
  return { link, base, token: token === "" ? null : token };
}

/** The beginning of the addresses of this page's screens. */
export function baseOfPage(): string {
  return portalOf(location.pathname, "")?.base ?? "";
}
