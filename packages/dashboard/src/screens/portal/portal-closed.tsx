import { useEffect } from "react";
import { useBranding } from "../../api/branding.ts";
import { portalLink } from "../../api/session.ts";
import { Notice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import { useBrandColours } from "./brand-colours.ts";
import { PortalMark } from "./portal-brand.tsx";

/** The page of a link that has ended, or whose token is lost. Customers have no other token to sign in with. */
export function PortalClosed({ reason }: { readonly reason: "none" | "expired" }) {
  const text = useText();
  const { data } = useBranding(portalLink());
  useBrandColours(data);
  const title = text(reason === "expired" ? "portal.expired" : "portal.openAgain");
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="mx-auto flex max-w-md flex-col gap-4 px-4 py-16">
      <div className="flex min-h-8 items-center gap-2">
        <PortalMark />
      </div>
      <h1 className="text-page font-semibold">{title}</h1>
      <Notice tone="warn">{text(reason === "expired" ? "portal.expiredHelp" : "portal.openAgainHelp")}</Notice>
    </main>
  );
}
