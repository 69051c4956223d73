import { useState } from "react";
import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { Field, Input, Select } from "../../parts/field.tsx";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";

type Target = "oldest" | "at" | "seq";

/** Moves the subscription back, so that messages from there on are delivered once more. */
export function RewindDialog({ topic, subscription, onClose }: OfSubscription & { readonly onClose: () => void }) {
  const text = useText();
  const [target, setTarget] = useState<Target>("at");
  const [at, setAt] = useState("");
  const [seq, setSeq] = useState("");
  const { mutate, isPending, error } = useAction({
    run: () =>
      client().post("/v1/topics/{topic}/subscriptions/{subscription}/rewind", {
        params: { path: { topic, subscription } },
        body: { to: positionOf(target, at, seq) },
      }),
    changes: ["/v1/topics/{topic}/subscriptions/{subscription}"],
    done: () => text("rewind.done"),
  });
  return (
    <Confirm
      open
      title={text("rewind.title", { subscription })}
      verb={text("subscription.rewind")}
      onClose={onClose}
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: onClose })}
    >
      <div className="flex flex-col gap-4">
        <p>{text("rewind.what")}</p>
        <Field label={text("rewind.to")}>
          <Select value={target} onChange={({ target: { value } }) => setTarget(value as Target)}>
            <option value="at">{text("rewind.at")}</option>
            <option value="seq">{text("rewind.seq")}</option>
            <option value="oldest">{text("rewind.oldest")}</option>
          </Select>
        </Field>
        {target === "at" && (
          <Field label={text("label.at")}>
            <Input type="datetime-local" value={at} onChange={({ target: { value } }) => setAt(value)} />
          </Field>
        )}
        {target === "seq" && (
          <Field label={text("label.seq")}>
            <Input inputMode="numeric" value={seq} onChange={({ target: { value } }) => setSeq(value)} />
          </Field>
        )}
      </div>
    </Confirm>
  );
}

function positionOf(target: Target, at: string, seq: string) {
  if (target === "oldest") return target;
  // The server says what is wrong with a value that is missing.
  if (target === "seq") return { seq: Number(seq) };
  return { at: Number.isNaN(new Date(at).getTime()) ? at : new Date(at).toISOString() };
}
