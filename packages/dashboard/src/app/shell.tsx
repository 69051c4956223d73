import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { signOut, useSignedIn, type SignedIn } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Announcements } from "../parts/notice.tsx";
import { useText } from "../language/text.ts";
import { Time } from "../parts/time.tsx";
import { AccountSwitcher } from "../screens/accounts/account-switcher.tsx";
import { PortalBrand } from "../screens/portal/portal-brand.tsx";
import { LiveMark } from "./live-mark.tsx";
import { Palette } from "./palette.tsx";
import { PreferenceControls } from "./preference-controls.tsx";
import { itemsFor, navigation } from "./navigation.ts";

/** The frame of every screen: the menu, the account, the state of the live stream, and the palette. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const text = useText();
  const session = useSignedIn();
  const [isMenuOpen, setMenuOpen] = useState(false);
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:bg-surface focus:p-2">
        {text("shell.skip")}
      </a>
      <aside className="flex flex-col border-line bg-surface max-md:border-b md:sticky md:top-0 md:h-dvh md:overflow-y-auto md:border-r">
        <div className="flex items-center justify-between gap-2 px-4 py-2.5">
          {session.portal ? <PortalBrand /> : <Brand />}
          <span className="md:hidden">
            <Button
              kind="quiet"
              aria-expanded={isMenuOpen}
              aria-controls="menu"
              onClick={() => setMenuOpen(!isMenuOpen)}
            >
              {text("shell.menu")}
            </Button>
          </span>
        </div>
        <div id="menu" className={`flex grow flex-col justify-between ${isMenuOpen ? "" : "max-md:hidden"}`}>
          <div>
            {!session.portal && <AccountSwitcher session={session} />}
            <Menu session={session} onChoose={() => setMenuOpen(false)} />
          </div>
          <div className="flex flex-col gap-2 px-4 py-3">
            <Reader session={session} />
            <PreferenceControls />
          </div>
        </div>
      </aside>
      <div className="min-w-0">
        <header className="sticky top-0 z-20 flex min-h-12 flex-wrap items-center justify-end gap-x-3 gap-y-1 border-b border-line bg-surface px-4 py-1">
          <Palette session={session} />
          <LiveMark />
          {session.via !== "open" && !session.portal && (
            <Button kind="quiet" onClick={() => void signOut()}>
              {text("shell.signOut")}
            </Button>
          )}
        </header>
        <main id="content" tabIndex={-1} className="mx-auto flex max-w-352 flex-col gap-4 px-4 py-4 outline-none">
          {children}
        </main>
      </div>
      <Announcements />
    </div>
  );
}

function Brand() {
  return (
    <Link href="/" className="text-title font-semibold">
      Ringback
    </Link>
  );
}

/** The name and the rights of the reader. */
function Reader({ session }: { readonly session: SignedIn }) {
  const text = useText();
  const { name, role, portal, expiresAt } = session;
  const isNamed = name !== null && name !== "";
  return (
    <div className="text-small text-muted">
      {isNamed && <p className="truncate">{name}</p>}
      <p>{text.named("role", role)}</p>
      {portal && expiresAt !== null && (
        <p>
          {text("portalLink.until")} <Time at={expiresAt} />
        </p>
      )}
    </div>
  );
}

function Menu({ session, onChoose }: { readonly session: SignedIn; readonly onChoose: () => void }) {
  const text = useText();
  const [location] = useLocation();
  const isCurrent = (href: string): boolean => (href === "/" ? location === "/" : location.startsWith(href));
  return (
    <nav aria-label={text("shell.menu")} className="flex flex-col gap-3 px-2 pb-4">
      {navigation.map(({ title, items }) => {
        const shown = itemsFor(session, items);
        if (shown.length === 0) return null;
        return (
          <div key={title ?? ""}>
            {title !== null && !session.portal && <p className="px-2 py-1 text-small text-muted">{text(title)}</p>}
            <ul>
              {shown.map(({ title, href }) => (
                <li key={href}>
                  <Link
                    href={href}
                    onClick={onChoose}
                    aria-current={isCurrent(href) ? "page" : undefined}
                    className="block rounded-box px-2 py-1 hover:bg-paper aria-[current=page]:bg-tint aria-[current=page]:font-medium"
                  >
                    {text(title)}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
