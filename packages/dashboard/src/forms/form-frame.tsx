import type { ReactNode } from "react";
import { Panel } from "../parts/panel.tsx";
import { useText } from "../language/text.ts";
import { RequestPreview } from "./request-preview.tsx";
import type { FormRequest } from "./request.ts";

interface FormFrameProps {
  readonly title: ReactNode;
  readonly request: FormRequest;
  readonly onSubmit: () => void;
  readonly buttons: ReactNode;
  readonly children: ReactNode;
}

/** A form at the left, and at the right the request that it makes; below each other on a phone. */
export function FormFrame({ title, request, onSubmit, buttons, children }: FormFrameProps) {
  const text = useText();
  return (
    <form
      noValidate
      className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Panel title={title}>
        <div className="flex flex-col gap-4">
          {children}
          <div className="flex flex-wrap gap-2 border-t border-line pt-4">{buttons}</div>
        </div>
      </Panel>
      <div className="flex flex-col gap-2 lg:sticky lg:top-16">
        <RequestPreview request={request} />
        <p className="px-1 text-small text-muted">{text("forms.requestHelp")}</p>
      </div>
    </form>
  );
}

/** Moves the reader to the first field that is marked, once it is drawn. */
export function focusFirstFault(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>("form [aria-invalid=true]")?.focus());
}
