import { useEffect, type ReactNode } from "react";
import { Link } from "wouter";
import { portalLink } from "../api/session.ts";

export interface PageProps {
  readonly title: string;
  /** Beside the title: a state, or the kind of thing. */
  readonly note?: ReactNode;
  /** The screens above this one, outermost first. */
  readonly above?: readonly (readonly [title: string, href: string])[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A screen: its title, which is also the browser's, its actions, and its panels. */
export function Page({ title, note, above = [], actions, children }: PageProps) {
  useEffect(() => {
    document.title = portalLink() === null ? `${title} · Ringback` : title;
    // Screen readers start at the new screen; the place in the page does not change.
    document.querySelector<HTMLElement>("#content")?.focus({ preventScroll: true });
  }, [title]);
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <p className="min-h-4 text-small text-muted">
            {above.map(([name, href]) => (
              <span key={href}>
                <Link href={href} className="hover:text-ink hover:underline">
                  {name}
                </Link>
                {" / "}
              </span>
            ))}
          </p>
          <div className="flex flex-wrap items-baseline gap-x-3">
            <h1 className="text-page font-semibold break-all">{title}</h1>
            {note}
          </div>
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </>
  );
}
