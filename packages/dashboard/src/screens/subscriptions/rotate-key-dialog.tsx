import { useState } from "react";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { client } from "../../api/session.ts";
import { unitText } from "../../forms/sentences.ts";
import { SecretDialog, secretsOf } from "../../forms/secret-dialog.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { useText } from "../../language/text.ts";

interface RotateKeyDialogProps {
  /** The keys that the subscription signs with. */
  readonly keys: readonly string[];
  readonly onClose: () => void;
}

const overlapsMs = [0, 3_600_000, 86_400_000, 604_800_000] as const;

/** Replaces a signing key by a new one of the same kind, which is shown once. Both sign for a while. */
export function RotateKeyDialog({ keys, onClose }: RotateKeyDialogProps) {
  const text = useText();
  const [kid, setKid] = useState(keys[0] ?? "");
  const [overlapMs, setOverlapMs] = useState<number>(overlapsMs[2]);
  const key = useRead("/v1/keys/{kid}", { params: { path: { kid } } });
  const { mutate, isPending, error, data } = useAction({
    run: () =>
      client().post("/v1/keys/{kid}/rotate", {
        params: { path: { kid } },
        body: { generate: key.data?.kty === "OKP" ? "ed25519" : "hmac", overlapMs },
      }),
    changes: ["/v1/keys", "/v1/keys/{kid}"],
    done: () => text("rotate.done"),
  });
  const secrets = secretsOf(data);
  if (secrets.length > 0) return <SecretDialog secrets={secrets} onClose={onClose} />;
  return (
    <Confirm
      open
      title={text("rotate.title")}
      verb={text("subscription.rotate")}
      onClose={onClose}
      busy={isPending}
      error={error ?? key.error}
      onConfirm={() => mutate(undefined, { onSuccess: (answer) => secretsOf(answer).length === 0 && onClose() })}
    >
      <div className="flex flex-col gap-4">
        <p>{text("rotate.what")}</p>
        <Field label={text("rotate.key")}>
          <Select value={kid} onChange={({ target }) => setKid(target.value)}>
            {keys.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
        <Field label={text("rotate.overlap")} help={text("rotate.overlapHelp")}>
          <Select value={overlapMs} onChange={({ target }) => setOverlapMs(Number(target.value))}>
            {overlapsMs.map((ms) => (
              <option key={ms} value={ms}>
                {unitText("overlapMs", ms, text)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Confirm>
  );
}
