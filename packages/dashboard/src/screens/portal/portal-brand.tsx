import { Link } from "wouter";
import { useBranding } from "../../api/branding.ts";
import { portalLink } from "../../api/session.ts";
import { to } from "../../app/addresses.ts";
import { useBrandColours } from "./brand-colours.ts";

/** The logo and the name of the customer, in the menu. Nothing of Ringback, unless there is no branding. */
export function PortalBrand() {
  const { data } = useBranding(portalLink());
  useBrandColours(data);
  return (
    <Link href={to.home} className="flex min-h-8 min-w-0 items-center gap-2">
      <PortalMark />
    </Link>
  );
}

/** The logo and the name themselves. An image in `<img>` runs no script, also not one of an SVG. */
export function PortalMark() {
  const { data } = useBranding(portalLink());
  if (data === undefined) return null;
  const name = data.name === "" ? data.account : data.name;
  return (
    <>
      {data.logo !== null && <img src={data.logo} alt="" className="max-h-8 max-w-24" />}
      <span className="line-clamp-2 min-w-0 text-title font-semibold">{name}</span>
    </>
  );
}
