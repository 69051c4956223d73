import {
  createContext,
  useContext,
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from "react";

interface FieldIds {
  readonly control: string;
  readonly help: string | undefined;
  readonly error: string | undefined;
}

const FieldContext = createContext<FieldIds | null>(null);

export interface FieldProps {
  readonly label: ReactNode;
  /** The effect of the setting, and its default. */
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  /** True: the label is only read aloud, as in a row of filters where the control says enough. */
  readonly labelHidden?: boolean;
  readonly children: ReactNode;
}

/** A label, one control, a help text and an error, connected for screen readers. */
export function Field({ label, help, error, labelHidden = false, children }: FieldProps) {
  const id = useId();
  const ids: FieldIds = {
    control: id,
    help: help === undefined ? undefined : `${id}-help`,
    error: error === undefined ? undefined : `${id}-error`,
  };
  return (
    <FieldContext value={ids}>
      <div className="flex min-w-0 flex-col gap-1">
        <label htmlFor={id} className={labelHidden ? "sr-only" : "text-body font-medium"}>
          {label}
        </label>
        {children}
        {error !== undefined && (
          <p id={ids.error} className="text-small text-bad">
            {error}
          </p>
        )}
        {help !== undefined && (
          <div id={ids.help} className="text-small text-muted max-w-[65ch]">
            {help}
          </div>
        )}
      </div>
    </FieldContext>
  );
}

const box =
  "w-full rounded-box border border-line bg-surface px-2.5 min-h-8 text-body text-ink aria-invalid:border-bad " +
  "disabled:opacity-60";

export function Input(props: Omit<InputHTMLAttributes<HTMLInputElement>, "className">) {
  return <input {...useFieldProps()} {...props} className={`${box} read-only:bg-paper`} />;
}

/** For a text of several lines, such as JSON, in a font of equal widths. */
export function TextArea(props: Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "className">) {
  return (
    <textarea
      spellCheck={false}
      {...useFieldProps()}
      {...props}
      className={`${box} read-only:bg-paper py-1.5 font-mono text-small`}
    />
  );
}

export function Select(props: Omit<SelectHTMLAttributes<HTMLSelectElement>, "className">) {
  return <select {...useFieldProps()} {...props} className={`${box} pr-7`} />;
}

/** A checkbox has its label beside it, and needs no `Field`. */
export function Checkbox(
  props: Omit<InputHTMLAttributes<HTMLInputElement>, "className" | "type"> & { readonly label: ReactNode },
) {
  const { label, ...others } = props;
  return (
    <label className="inline-flex min-h-6 items-center gap-2 text-body">
      <input {...others} type="checkbox" className="size-4 shrink-0 accent-(--accent)" />
      <span>{label}</span>
    </label>
  );
}

function useFieldProps() {
  const ids = useContext(FieldContext);
  if (ids === null) return {};
  const described = [ids.error, ids.help].filter((id) => id !== undefined).join(" ");
  return {
    id: ids.control,
    ...(described !== "" && { "aria-describedby": described }),
    ...(ids.error !== undefined && { "aria-invalid": true as const }),
  };
}
