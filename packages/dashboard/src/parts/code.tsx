import { useState, type ReactNode } from "react";
import { bytes } from "../format/numbers.ts";
import { shownBody, type GivenBody } from "../format/body.ts";
import { useText } from "../language/text.ts";
import { announce } from "./announcements.ts";
import { Button } from "./button.tsx";

export interface CodeProps {
  readonly text: string;
  /** Name of the text, for screen readers and for the message after copying. */
  readonly label: string;
  readonly actions?: ReactNode;
  /** False: lines are not broken, and the text scrolls. */
  readonly wrap?: boolean;
}

/** Text that a program wrote or reads, with a button that copies it. */
export function Code({ text, label, actions, wrap = true }: CodeProps) {
  return (
    <div className="min-w-0 rounded-box border border-line bg-paper">
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-3 py-0.5 text-small text-muted">
        <span>{label}</span>
        <span className="flex items-center gap-1">
          {actions}
          <CopyButton text={text} label={label} />
        </span>
      </div>
      <pre
        tabIndex={0}
        role="group"
        aria-label={label}
        className={`max-h-96 overflow-auto px-3 py-2 font-mono text-small ${wrap ? "break-words whitespace-pre-wrap" : ""}`}
      >
        {text}
      </pre>
    </div>
  );
}

interface CopyProps {
  readonly text: string;
  readonly label: string;
  /** True: the button stands alone, so that it says what it copies. */
  readonly name?: boolean;
}

export function CopyButton({ text, label, name = false }: CopyProps) {
  const t = useText();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      announce(t("code.copied", { what: label }));
    } catch {
      announce(t("code.copyFailed"));
    }
  };
  return (
    <Button
      kind={name ? "plain" : "quiet"}
      aria-label={t("code.copyWhat", { what: label })}
      onClick={() => void copy()}
    >
      {name ? t("code.copyWhat", { what: label }) : t("code.copy")}
    </Button>
  );
}

export interface BodyProps {
  readonly given: GivenBody;
  readonly contentType: string | null;
  readonly label: string;
  /** True: the server has kept only the beginning. */
  readonly truncated?: boolean;
}

/** The body of a message, request or reply, as its type is best read; as it is with a button. */
export function Body({ given, contentType, label, truncated = false }: BodyProps) {
  const t = useText();
  const [isRaw, setRaw] = useState(false);
  const shown = shownBody(given, contentType);
  const note = truncated ? ` · ${t("code.truncated")}` : "";
  switch (shown.kind) {
    case "empty":
      return <p className="text-muted">{t("code.empty", { what: label })}</p>;
    case "image":
      return (
        <figure className="rounded-box border border-line bg-paper p-3">
          <img src={shown.source} alt={label} className="max-h-96 max-w-full" />
          <figcaption className="mt-2 text-small text-muted">{`${label} · ${bytes(shown.bytes, t.language)}${note}`}</figcaption>
        </figure>
      );
    case "bytes":
      return <Code text={shown.hex} label={`${label} · ${bytes(shown.bytes, t.language)}${note}`} wrap={false} />;
    case "text": {
      const { pretty, text } = shown;
      const toggle = pretty !== null && pretty !== text && (
        <Button kind="quiet" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
          {t("code.raw")}
        </Button>
      );
      return <Code text={isRaw ? text : (pretty ?? text)} label={label + note} actions={toggle} />;
    }
  }
}

export interface Header {
  readonly name: string;
  readonly value: string | null;
}

export function headerList(headers: Readonly<Record<string, string | null>>): readonly Header[] {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

/** Headers of a request or reply, in their order. null: the value is secret. */
export function Headers({ headers, label }: { readonly headers: readonly Header[]; readonly label: string }) {
  const t = useText();
  const lines = headers.map(({ name, value }) => `${name}: ${value ?? t("code.secret")}`);
  return <Code text={lines.join("\n")} label={label} />;
}
