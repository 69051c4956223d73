import { useText } from "../language/text.ts";
import { Field, Input, Select } from "./field.tsx";

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Fields of a filter stand in one row above a list. */
export function FilterRow({ children }: { readonly children: React.ReactNode }) {
  return <div className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-6">{children}</div>;
}

interface FilterTextProps extends FilterProps {
  /** Stands in the empty field. */
  readonly example?: string;
  /** Why nothing can be typed yet; stands in the empty field, too. */
  readonly blocked?: string | undefined;
}

/** A filter that is typed. */
export function FilterText({ label, value, example, blocked, onChange }: FilterTextProps) {
  return (
    <Field label={label}>
      <Input
        type="search"
        value={value}
        placeholder={blocked ?? example}
        disabled={blocked !== undefined}
        onChange={({ target }) => onChange(target.value.trim())}
      />
    </Field>
  );
}

/** A filter by a time in the reader's zone. */
export function FilterTime({ label, value, onChange }: FilterProps) {
  return (
    <Field label={label}>
      <Input type="datetime-local" value={value} onChange={({ target }) => onChange(target.value)} />
    </Field>
  );
}

interface FilterChoiceProps extends FilterProps {
  readonly words: readonly string[];
  /** Prefix of the sentences for the words; absent: the words are names, and are shown as they are. */
  readonly named?: string;
}

export function FilterChoice({ label, value, words, named, onChange }: FilterChoiceProps) {
  const text = useText();
  return (
    <Field label={label}>
      <Select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">{text("common.all")}</option>
        {words.map((word) => (
          <option key={word} value={word}>
            {named === undefined ? word : text.named(named, word)}
          </option>
        ))}
      </Select>
    </Field>
  );
}

/** The time of a `FilterTime` for the API; undefined: none, or one that is being typed. */
export function givenTime(value: string): string | undefined {
  const ms = new Date(value).getTime();
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
