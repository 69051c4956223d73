import type { ReactNode } from "react";
import type { Tone } from "./status.tsx";
import { toneText } from "./status.tsx";

export interface StatProps {
  readonly label: ReactNode;
  readonly value: ReactNode;
  /** A second line, such as what the number is compared with. */
  readonly note?: ReactNode;
  readonly tone?: Tone;
}

/** One number with its name. Stats stand in a `StatRow`. */
export function Stat({ label, value, note, tone = "plain" }: StatProps) {
  return (
    <div className="min-w-0 px-4 py-3">
      <dt className="text-small text-muted">{label}</dt>
      <dd className={`text-number font-semibold tabular-nums ${toneText[tone]}`}>{value}</dd>
      {/* The line is kept when it is empty, so that numbers stay in one row. */}
      <dd className="min-h-4 text-small text-muted tabular-nums">{note}</dd>
    </div>
  );
}

export function StatRow({ children }: { readonly children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 rounded-box border border-line bg-surface sm:grid-cols-3 lg:grid-cols-6">
      {children}
    </dl>
  );
}
