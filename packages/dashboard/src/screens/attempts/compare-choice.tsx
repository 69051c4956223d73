import { useRead } from "../../api/queries.ts";
import { useText } from "../../language/text.ts";
import { Field, Select } from "../../parts/field.tsx";
import type { AttemptDetails } from "./use-attempt.ts";

interface CompareChoiceProps {
  readonly attempt: AttemptDetails;
  /** The id of the other attempt; empty: none. */
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

/** Chooses another attempt of the same delivery. Nothing if there is none. */
export function CompareChoice({ attempt, chosen, onChoose }: CompareChoiceProps) {
  const text = useText();
  const { data } = useRead("/v1/messages/{id}", { params: { path: { id: attempt.messageId } } });
  const delivery = data?.deliveries.find(({ subscription }) => subscription === attempt.subscription);
  const others = delivery?.attempts.filter(({ id }) => id !== attempt.id) ?? [];
  if (others.length === 0) return null;
  return (
    <Field label={text("attempt.compareWith")} labelHidden>
      <Select value={chosen} onChange={({ target }) => onChoose(target.value)}>
        <option value="">{text("attempt.compareWith")}…</option>
        {others.map(({ id, attempt: number, verdict, status }) => (
          <option key={id} value={id}>
            {`${text("attempt.title", { n: number })}: ${text.named("verdict", verdict)} ${status ?? ""}`}
          </option>
        ))}
      </Select>
    </Field>
  );
}
