import { Dialog as Base } from "@base-ui/react/dialog";
import { useEffect, useId, useState, type KeyboardEvent as ReactKeyboardEvent } from "react";
import { useLocation } from "wouter";
import type { SignedIn } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { useText } from "../language/text.ts";
import { usePaletteEntries, type PaletteEntry } from "./palette-entries.ts";

/** The command palette, by ⌘K or Ctrl-K: goes to screens and things, and does what is done often. */
export function Palette({ session }: { readonly session: SignedIn }) {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setOpen((wasOpen) => !wasOpen);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <Button kind="quiet" aria-keyshortcuts="Meta+K Control+K" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {text("palette.open")}
      </Button>
      <Base.Root open={isOpen} onOpenChange={setOpen}>
        <Base.Portal>
          <Base.Backdrop className="fixed inset-0 z-40 bg-black/40" />
          <Base.Popup
            aria-label={text("palette.title")}
            className="fixed inset-x-2 top-[12vh] z-40 mx-auto max-w-xl overflow-hidden rounded-box border border-line bg-surface shadow-raised"
          >
            <Choices session={session} onChosen={() => setOpen(false)} />
          </Base.Popup>
        </Base.Portal>
      </Base.Root>
    </>
  );
}

function Choices({ session, onChosen }: { readonly session: SignedIn; readonly onChosen: () => void }) {
  const text = useText();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const [, navigate] = useLocation();
  const entries = usePaletteEntries(session, typed);
  const chosen = Math.min(active, entries.length - 1);
  const choose = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    onChosen();
    if (entry.href === undefined) entry.run();
    else navigate(entry.href);
  };
  const onKey = (event: ReactKeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) setActive((chosen + step + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") choose(entries[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={entries.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label={text("palette.label")}
        placeholder={text("palette.label")}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          setActive(0);
        }}
        onKeyDown={onKey}
        className="w-full border-b border-line bg-surface px-4 py-3 text-title outline-none"
      />
      <div
        role="listbox"
        id={`${id}-list`}
        aria-label={text("palette.title")}
        className="max-h-[50vh] overflow-y-auto p-2"
      >
        {entries.map((entry, index) => (
          <Choice
            key={entry.key}
            id={`${id}-${index}`}
            entry={entry}
            isActive={index === chosen}
            onPoint={() => setActive(index)}
            onChoose={() => choose(entry)}
          />
        ))}
      </div>
      {entries.length === 0 && <p className="px-4 pb-4 text-muted">{text("palette.nothing")}</p>}
    </>
  );
}

interface ChoiceProps {
  readonly id: string;
  readonly entry: PaletteEntry;
  readonly isActive: boolean;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

/** One entry. The keyboard stays in the input, so an entry is no button. */
function Choice({ id, entry, isActive, onPoint, onChoose }: ChoiceProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input handles the keys of all entries
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      ref={(element) => {
        if (isActive) element?.scrollIntoView({ block: "nearest" });
      }}
      onMouseMove={isActive ? undefined : onPoint}
      onClick={onChoose}
      className="flex min-h-8 cursor-pointer items-center justify-between gap-4 rounded-box px-2 aria-selected:bg-tint"
    >
      <span className="truncate">{entry.title}</span>
      <span className="shrink-0 text-small text-muted">{entry.group}</span>
    </div>
  );
}
