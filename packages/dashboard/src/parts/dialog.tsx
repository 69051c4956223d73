import { Dialog as Base } from "@base-ui/react/dialog";
import { useState, type ReactNode } from "react";
import { useText } from "../language/text.ts";
import { Button } from "./button.tsx";
import { Field, Input } from "./field.tsx";
import { ProblemNotice } from "./notice.tsx";

export interface DialogProps {
  readonly title: ReactNode;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The buttons; a button that closes is always there. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

export function Dialog({ title, open, onClose, children, actions, wide = false }: DialogProps) {
  const text = useText();
  return (
    <Base.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/40" />
        <Base.Popup
          className={
            "fixed inset-x-2 top-[8vh] z-40 mx-auto flex max-h-[84vh] flex-col rounded-box border border-line bg-surface " +
            `shadow-raised ${wide ? "max-w-4xl" : "max-w-lg"}`
          }
        >
          <Base.Title className="px-4 py-3 text-title font-semibold">{title}</Base.Title>
          <div className="flex min-h-0 flex-col gap-4 overflow-y-auto px-4 pb-4">{children}</div>
          <div className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">
            <Button onClick={onClose}>{text("common.close")}</Button>
            {actions}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  /** Consequences: what will happen, and what cannot be undone. */
  readonly children: ReactNode;
  /** The verb on the button. */
  readonly verb: string;
  /** A name that must be typed, before something is deleted for good. */
  readonly typedName?: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ typedName, verb, busy, error, onConfirm, children, ...dialog }: ConfirmProps) {
  const text = useText();
  const [typed, setTyped] = useState("");
  const blocked =
    typedName !== undefined && typed !== typedName ? text("confirm.typeName", { name: typedName }) : undefined;
  return (
    <Dialog
      {...dialog}
      actions={
        <Button kind="danger" busy={busy} blocked={blocked} onClick={onConfirm}>
          {verb}
        </Button>
      }
    >
      <div>{children}</div>
      {typedName !== undefined && (
        <Field label={text("confirm.typeName", { name: typedName })}>
          <Input value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
        </Field>
      )}
      <ProblemNotice error={error} />
    </Dialog>
  );
}
