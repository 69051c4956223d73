import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link } from "wouter";

/** `primary`: the one thing that a screen is for. `danger`: what cannot be undone. `quiet`: among many others. */
export type ButtonKind = "primary" | "plain" | "danger" | "quiet";

const styles: Readonly<Record<ButtonKind, string>> = {
  primary: "bg-accent text-on-accent border-transparent hover:opacity-90",
  plain: "bg-surface text-ink border-line hover:border-muted",
  danger: "bg-surface text-bad border-line hover:border-bad",
  quiet: "bg-transparent text-muted border-transparent hover:text-ink",
};

const shape =
  "inline-flex items-center justify-center gap-1.5 whitespace-nowrap rounded-box border px-3 min-h-8 text-body font-medium " +
  "aria-disabled:opacity-50 aria-disabled:cursor-default";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className" | "disabled"> {
  readonly kind?: ButtonKind;
  /** True: what the button started is not done yet, and a second press does nothing. */
  readonly busy?: boolean;
  /** Why the button cannot be used now; shown as its title. It stays reachable by keyboard. */
  readonly blocked?: string | undefined;
}

export function Button({ kind = "plain", busy = false, blocked, onClick, type = "button", ...others }: ButtonProps) {
  const isOff = busy || blocked !== undefined;
  return (
    <button
      {...others}
      type={isOff ? "button" : type}
      className={`${shape} ${styles[kind]}`}
      aria-disabled={isOff || undefined}
      aria-busy={busy || undefined}
      title={blocked ?? others.title}
      onClick={isOff ? undefined : onClick}
    />
  );
}

interface LinkButtonProps {
  readonly href: string;
  readonly kind?: ButtonKind;
  /** Why the link cannot be used now; shown as its title. */
  readonly blocked?: string | undefined;
  readonly children: ReactNode;
}

/** A link that styles like a button, for what has an address of its own. */
export function LinkButton({ href, kind = "plain", blocked, children }: LinkButtonProps) {
  if (blocked !== undefined) {
    return (
      <Button kind={kind} blocked={blocked}>
        {children}
      </Button>
    );
  }
  return (
    <Link href={href} className={`${shape} ${styles[kind]}`}>
      {children}
    </Link>
  );
}
