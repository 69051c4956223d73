import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import type { SignedIn } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { useText } from "../language/text.ts";

/** The command palette: ⌘K or Ctrl-K. */
export function Palette({ session }: { readonly session: SignedIn }) {
  void session;
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  void navigate;
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
    <Button kind="quiet" aria-keyshortcuts="Meta+K Control+K" aria-expanded={isOpen} onClick={() => setOpen(true)}>
      {text("palette.open")}
    </Button>
  );
}
