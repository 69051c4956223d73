import { useId, type ReactNode } from "react";

export interface PanelProps {
  readonly title: ReactNode;
  /** Buttons and filters at the right of the title. */
  readonly actions?: ReactNode;
  /** True: the content reaches the border, as tables do. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

/** A part of a screen that has a title of its own. */
export function Panel({ title, actions, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="min-w-0 rounded-box border border-line bg-surface">
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-2 px-4 py-1.5">
        <h2 id={id} className="text-title font-semibold">
          {title}
        </h2>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className={flush ? "border-t border-line" : "px-4 pb-4"}>{children}</div>
    </section>
  );
}

/** Names and values, in two columns on a wide screen. `undefined` values are left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: ReactNode, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-4 gap-y-1 sm:grid-cols-[minmax(8rem,max-content)_1fr]">
      {facts.map(([name, value], index) =>
        value === undefined ? null : (
          <div key={index} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
