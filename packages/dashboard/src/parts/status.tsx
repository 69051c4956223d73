import type { ReactNode } from "react";

/** `plain`: nothing to see. `active`: in work. */
export type Tone = "plain" | "good" | "warn" | "bad" | "active";

export const toneText: Readonly<Record<Tone, string>> = {
  plain: "",
  good: "text-good",
  warn: "text-warn",
  bad: "text-bad",
  active: "text-accent",
};

/** The shape differs too, so that the state is not told by colour alone. */
const marks: Readonly<Record<Tone, ReactNode>> = {
  plain: <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  good: <circle cx="5" cy="5" r="4" fill="currentColor" />,
  warn: <path d="M5 1 9.5 9h-9z" fill="currentColor" />,
  bad: <rect x="1" y="1" width="8" height="8" fill="currentColor" />,
  active: <path d="M5 1a4 4 0 1 1-4 4" fill="none" stroke="currentColor" strokeWidth="1.75" />,
};

/** A state in a word, with a mark of its tone. */
export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${toneText[tone]}`}>
      <svg viewBox="0 0 10 10" className="size-2.5 shrink-0" aria-hidden="true">
        {marks[tone]}
      </svg>
      {children}
    </span>
  );
}

/** A small label, such as a message's type or a tag. */
export function Tag({ children }: { readonly children: ReactNode }) {
  return (
    <span className="inline-block max-w-full truncate rounded-mark bg-tint px-1.5 align-bottom text-small text-ink">
      {children}
    </span>
  );
}
