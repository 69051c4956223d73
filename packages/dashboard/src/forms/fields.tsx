import { useId, useState, type ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Checkbox, Field, Input, Select, TextArea } from "../parts/field.tsx";
import { useText, type Text } from "../language/text.ts";
import { choicesOf } from "./choices.ts";
import { errorAt, useFormState } from "./form-context.ts";
import { Prose } from "./prose.tsx";
import type { Property } from "./schema.ts";
import { helpOf, unitText } from "./sentences.ts";
import { isSettings, Unfinished } from "./values.ts";

export interface FieldOf<T = unknown> {
  readonly property: Property;
  readonly path: string;
  readonly value: T;
  readonly onChange: (value: unknown) => void;
}

/** The name of a setting for people, and its name in the API. */
export function Label({ property }: { readonly property: Property }) {
  const text = useText();
  return (
    <>
      {text.named("label", property.name)}
      {property.isRequired && <span className="text-muted"> · {text("forms.mustBeSet")}</span>}{" "}
      <code className="font-mono text-small font-normal text-muted">{property.name}</code>
    </>
  );
}

interface SingleFieldProps extends Pick<FieldOf, "property" | "path"> {
  /** Instead of the description. */
  readonly help?: string | undefined;
  readonly children: ReactNode;
}

/** A field with one control. */
export function SingleField({ property, path, help, children }: SingleFieldProps) {
  const text = useText();
  const { errors } = useFormState();
  return (
    <Field
      label={<Label property={property} />}
      help={<Prose>{help ?? helpOf(property, text)}</Prose>}
      error={errorAt(errors, path)}
    >
      {children}
    </Field>
  );
}

export function TextField(props: FieldOf) {
  const { property, path, value, onChange } = props;
  const text = useText();
  const { isEdit } = useFormState();
  const isSecret = property.schema.writeOnly === true;
  const example = property.schema.examples?.[0];
  const isKept = isSecret && isEdit && value === null;
  const shared = {
    value: typeof value === "string" ? value : "",
    placeholder: isKept ? text("forms.kept") : typeof example === "string" ? example : undefined,
    onChange: ({ target }: { readonly target: { readonly value: string } }) =>
      onChange(target.value === "" ? emptyOf(property, isEdit) : target.value),
  };
  return (
    <SingleField property={property} path={path}>
      {property.kind === "longText" ? (
        <TextArea {...shared} rows={3} />
      ) : (
        <Input {...shared} type={isSecret ? "password" : "text"} autoComplete={isSecret ? "new-password" : "off"} />
      )}
      {typeof example === "string" && example.startsWith("data:image/") && <ImageFile {...props} />}
    </SingleField>
  );
}

/** Takes a file as the value, for a setting that is an image in a `data:` URL. */
function ImageFile({ value, onChange }: FieldOf) {
  const text = useText();
  const read = (file: File | undefined): void => {
    if (file === undefined) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => onChange(reader.result));
    reader.readAsDataURL(file);
  };
  const isImage = typeof value === "string" && value.startsWith("data:image/");
  return (
    <div className="flex flex-wrap items-center gap-3">
      <input
        type="file"
        accept="image/*"
        aria-label={text("forms.chooseImage")}
        className="text-small"
        onChange={({ target }) => read(target.files?.[0])}
      />
      {isImage && <img src={value} alt="" className="max-h-10 max-w-40" />}
    </div>
  );
}

/** A secret that was typed and removed again stays as it was; another text is left out. */
function emptyOf(property: Property, isEdit: boolean): null | undefined {
  return property.schema.writeOnly === true && isEdit ? null : undefined;
}

export function NumberField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { name, isNullable, default: preset } = property;
  const shown = value instanceof Unfinished ? value.text : typeof value === "number" ? String(value) : "";
  const change = (typed: string): void => {
    if (typed.trim() === "") onChange(undefined);
    else onChange(Number.isFinite(Number(typed)) ? Number(typed) : new Unfinished(typed));
  };
  const unit = unitText(name, value ?? preset, text);
  const canBeNone = isNullable && preset !== null && preset !== undefined;
  return (
    <SingleField property={property} path={path}>
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="w-44">
          <NumberInput
            value={shown}
            placeholder={placeholderOf(preset)}
            disabled={canBeNone && value === null}
            onType={change}
          />
        </span>
        {unit !== null && !(value === null) && <span className="text-muted tabular-nums">= {unit}</span>}
        {canBeNone && (
          <Checkbox
            label={text("forms.none")}
            aria-label={`${text.named("label", name)}: ${text("forms.none")}`}
            checked={value === null}
            onChange={({ target }) => onChange(target.checked ? null : undefined)}
          />
        )}
      </span>
    </SingleField>
  );
}

function placeholderOf(preset: unknown): string | undefined {
  return typeof preset === "number" ? String(preset) : undefined;
}

interface NumberInputProps {
  readonly value: string;
  readonly placeholder: string | undefined;
  readonly disabled: boolean;
  readonly onType: (typed: string) => void;
}

function NumberInput({ value, placeholder, disabled, onType }: NumberInputProps) {
  return (
    <Input
      inputMode="decimal"
      autoComplete="off"
      value={value}
      placeholder={placeholder}
      disabled={disabled}
      onChange={({ target }) => onType(target.value)}
    />
  );
}

export function ChoiceField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { shape, name, schema, default: preset } = property;
  const words = choicesOf(shape, name);
  const shown = typeof value === "string" ? value : "";
  // The words of a long list are explained one by one.
  const explained = words === null ? undefined : text.named(name, shown === "" ? String(preset) : shown);
  return (
    <SingleField property={property} path={path} help={explained}>
      <Select value={shown} onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}>
        {(!property.isRequired || shown === "") && <option value="">{firstOption(property, text)}</option>}
        {(words ?? schema.enum ?? []).map((word) => (
          <option key={word} value={word ?? ""}>
            {word}
          </option>
        ))}
      </Select>
    </SingleField>
  );
}

function firstOption(property: Property, text: Text): string {
  if (property.isRequired) return text("forms.choose");
  if (typeof property.default === "string") return text("forms.defaultOption", { value: property.default });
  return property.isNullable || property.default === null ? text("forms.none") : text("forms.unset");
}

export function CheckboxField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { errors } = useFormState();
  const error = errorAt(errors, path);
  return (
    <div className="flex flex-col gap-1">
      <Checkbox
        label={<Label property={property} />}
        checked={value === true}
        onChange={({ target }) => onChange(target.checked ? true : property.default === false ? false : undefined)}
      />
      {error !== undefined && <p className="text-small text-bad">{error}</p>}
      <p className="max-w-[65ch] text-small text-muted">
        <Prose>{helpOf(property, text)}</Prose>
      </p>
    </div>
  );
}

/** A list of texts or numbers, one per line. */
export function ListField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { isEdit } = useFormState();
  const isNumbers = property.schema.items?.type === "integer";
  const isKept = isEdit && property.schema.writeOnly === true && value === null;
  const items = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const change = (typed: string): void => {
    if (typed === "") return onChange(Array.isArray(property.default) ? [] : emptyOf(property, isEdit));
    onChange(typed.split("\n").map((line) => (isNumbers && /^\s*\d+\s*$/.test(line) ? Number(line) : line)));
  };
  const unit = unitText(property.name, items, text);
  const example = property.schema.examples?.[0];
  return (
    <SingleField property={property} path={path}>
      <TextArea
        rows={Math.min(10, Math.max(2, items.length + 1))}
        value={items.join("\n")}
        placeholder={
          isKept ? text("forms.kept") : Array.isArray(example) ? example.join("\n") : text("forms.onePerLine")
        }
        onChange={({ target }) => change(target.value)}
      />
      {unit !== null && <p className="text-small text-muted tabular-nums">= {unit}</p>}
    </SingleField>
  );
}

type Row = readonly [name: string, value: unknown];

/** Names and values, a row each. */
export function MapField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { errors, isEdit } = useFormState();
  const [rows, setRows] = useState<readonly Row[]>(() => Object.entries(isSettings(value) ? value : {}));
  const isSecret =
    typeof property.schema.additionalProperties === "object" && property.schema.additionalProperties.writeOnly === true;
  const change = (changed: readonly Row[]): void => {
    setRows(changed);
    onChange(Object.fromEntries(changed.filter(([name]) => name !== "")));
  };
  const changeRow = (index: number, row: Row): void => change(rows.map((before, at) => (at === index ? row : before)));
  const error = errors.get(path) ?? [...errors].find(([key]) => key.startsWith(`${path}.`))?.[1];
  return (
    <Fieldset title={<Label property={property} />} help={<Prose>{helpOf(property, text)}</Prose>} error={error}>
      {rows.map(([name, given], index) => (
        <div key={index} className="flex items-center gap-2">
          <Input
            aria-label={text("forms.nameOf", { n: index + 1 })}
            value={name}
            placeholder={text("common.name")}
            onChange={({ target }) => changeRow(index, [target.value, given])}
          />
          <Input
            aria-label={text("forms.valueOf", { name })}
            value={typeof given === "string" ? given : ""}
            placeholder={isSecret && isEdit && given === null ? text("forms.kept") : text("forms.value")}
            onChange={({ target }) => changeRow(index, [name, target.value])}
          />
          <Button
            kind="quiet"
            aria-label={text("forms.removeRow", { name })}
            onClick={() => change(rows.filter((_row, at) => at !== index))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => setRows([...rows, ["", ""]])}>{text("forms.addRow")}</Button>
      </div>
    </Fieldset>
  );
}

export function JsonField({ property, path, value, onChange }: FieldOf) {
  const [typed, setTyped] = useState(() =>
    value === undefined || value === null ? "" : JSON.stringify(value, null, 2),
  );
  const example = property.schema.examples?.[0];
  const change = (text: string): void => {
    setTyped(text);
    if (text.trim() === "") return onChange(undefined);
    try {
      onChange(JSON.parse(text));
    } catch {
      onChange(new Unfinished(text));
    }
  };
  return (
    <SingleField property={property} path={path}>
      <TextArea
        rows={Math.min(20, Math.max(5, typed.split("\n").length))}
        value={typed}
        placeholder={example === undefined ? undefined : JSON.stringify(example, null, 2)}
        onChange={({ target }) => change(target.value)}
      />
    </SingleField>
  );
}

export interface FieldsetProps {
  readonly title: ReactNode;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  readonly children: ReactNode;
}

/** Several controls with one title. */
export function Fieldset({ title, help, error, children }: FieldsetProps) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} className="flex min-w-0 flex-col gap-2">
      <span id={id} className="text-body font-medium">
        {title}
      </span>
      {children}
      {error !== undefined && <p className="text-small text-bad">{error}</p>}
      {help !== undefined && <p className="max-w-[65ch] text-small text-muted">{help}</p>}
    </div>
  );
}
