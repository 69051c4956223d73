import { useState } from "react";
import { Select } from "../parts/field.tsx";
import { useText, type Text } from "../language/text.ts";
import { groupShapeOf, pathOf } from "./check.ts";
import { choicesOf, commonSettings } from "./choices.ts";
import {
  CheckboxField,
  ChoiceField,
  JsonField,
  Label,
  ListField,
  MapField,
  NumberField,
  SingleField,
  TextField,
  type FieldOf,
} from "./fields.tsx";
import { hasErrorBelow, useFormState } from "./form-context.ts";
import { Prose } from "./prose.tsx";
import { newGroup, propertiesOf, type Property } from "./schema.ts";
import { helpOf, summaryOf } from "./sentences.ts";
import { isSettings, isUntouched, withSetting, type Settings } from "./values.ts";

export interface SettingsFormProps {
  readonly shape: string;
  readonly value: Settings;
  readonly onChange: (value: Settings) => void;
  /** Settings that the form leaves out. */
  readonly hidden?: readonly string[] | undefined;
  /** The path of the group whose settings these are; empty for a whole resource. */
  readonly path?: string;
}

/** All settings of a shape: the common ones, and the others below "More options". */
export function SettingsForm({ shape, value, onChange, hidden = [], path = "" }: SettingsFormProps) {
  const text = useText();
  const { errors } = useFormState();
  const properties = propertiesOf(shape).filter(({ name }) => !hidden.includes(name));
  const common = commonSettings[shape];
  const first = common === undefined ? properties : common.flatMap((name) => properties.filter((p) => p.name === name));
  const rest = properties.filter((property) => !first.includes(property));
  const hasError = rest.some(({ name }) => errors.has(pathOf(path, name)) || hasErrorBelow(errors, pathOf(path, name)));
  const [isOpen, setOpen] = useState(false);
  const field = (property: Property) => (
    <PropertyField
      key={property.name}
      property={property}
      path={pathOf(path, property.name)}
      value={value[property.name]}
      onChange={(changed) => onChange(withSetting(value, property.name, changed))}
    />
  );
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {first.map(field)}
      {rest.length > 0 && (
        <details open={isOpen || hasError} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary className="py-1 font-medium">
            {text("forms.more")} <span className="font-normal text-muted">{namesOf(rest, text)}</span>
          </summary>
          <div className="mt-3 flex flex-col gap-4 border-l-2 border-line pl-4">
            {(isOpen || hasError) && rest.map(field)}
          </div>
        </details>
      )}
    </div>
  );
}

function namesOf(properties: readonly Property[], text: Text): string {
  return properties.map(({ name }) => text.named("label", name)).join(" · ");
}

function PropertyField(props: FieldOf) {
  const { property } = props;
  switch (property.kind) {
    case "text":
      return choicesOf(property.shape, property.name) === null ? <TextField {...props} /> : <ChoiceField {...props} />;
    case "longText":
      return <TextField {...props} />;
    case "number":
      return <NumberField {...props} />;
    case "choice":
      return <ChoiceField {...props} />;
    case "checkbox":
      return <CheckboxField {...props} />;
    case "list":
      return <ListField {...props} />;
    case "map":
      return <MapField {...props} />;
    case "json":
      return <JsonField {...props} />;
    case "group":
      return <GroupField {...props} />;
    case "variants":
      return <VariantsField {...props} />;
  }
}

/** Groups that are the subject of their form are always open. */
const openGroups = new Set(["push", "pull"]);

function GroupField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { errors } = useFormState();
  const [isOpened, setOpened] = useState(false);
  const shape = property.groupShape ?? "";
  const settings = isSettings(value) ? value : {};
  const change = (changed: Settings): void =>
    onChange(isUntouched(changed) && !openGroups.has(property.name) ? undefined : changed);
  const form = <SettingsForm shape={shape} value={settings} onChange={change} path={path} />;
  if (openGroups.has(property.name)) return form;
  const isOpen = isOpened || hasErrorBelow(errors, path);
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpened(currentTarget.open)}>
      <summary className="py-1">
        <span className="font-medium">
          <Label property={property} />
        </span>{" "}
        {!isOpen && <span className="break-all text-muted">{summaryOf(value) || text("forms.untouched")}</span>}
      </summary>
      <div className="mt-3 flex flex-col gap-4 border-l-2 border-line pl-4">
        {property.description !== "" && (
          <p className="max-w-[65ch] text-small text-muted">
            <Prose>{helpOf(property, text)}</Prose>
          </p>
        )}
        {isOpen && form}
      </div>
    </details>
  );
}

/** A setting with several kinds of values: words, groups of settings, none, or the default. */
function VariantsField({ property, path, value, onChange }: FieldOf) {
  const text = useText();
  const { variants, isNullable, default: preset } = property;
  const shape = groupShapeOf(property, value);
  const hasDefault = !isNullable || (preset !== null && preset !== undefined);
  const chosen = shape ?? (value === null && hasDefault ? "null" : typeof value === "string" ? value : "");
  const isGroup = (choice: string): boolean =>
    variants.some((other) => other.kind === "group" && other.shape === choice);
  const choose = (choice: string): void => {
    if (choice === "") onChange(undefined);
    else if (choice === "null") onChange(null);
    else onChange(isGroup(choice) ? newGroup(choice) : choice);
  };
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <SingleField property={property} path={path}>
        <Select value={chosen} onChange={({ target }) => choose(target.value)}>
          <option value="">{hasDefault ? defaultOption(preset, text) : text("forms.none")}</option>
          {isNullable && hasDefault && <option value="null">{text("forms.none")}</option>}
          {variants.map((variant) => (
            <option key={variant.name} value={variant.kind === "group" ? variant.shape : variant.name}>
              {variants.length === 1 ? text("forms.set") : text.named("variant", variant.name)}
            </option>
          ))}
        </Select>
      </SingleField>
      {shape !== null && (
        <div className="border-l-2 border-line pl-4">
          <SettingsForm key={shape} shape={shape} value={value as Settings} onChange={onChange} path={path} />
        </div>
      )}
    </div>
  );
}

function defaultOption(preset: unknown, text: Text): string {
  const written = typeof preset === "string" ? preset : summaryOf(preset);
  return written === "" ? text("forms.unset") : text("forms.defaultOption", { value: written });
}
