import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input, Select } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";

type Key = components["schemas"]["Key"];

const hourMs = 3_600_000;
const kinds = ["hmac", "ed25519"] as const;

interface KeyDialogProps {
  /** The key that gets a successor; null: a new key is made. */
  readonly replaced: Key | null;
  readonly onClose: () => void;
}

/** Makes a key, or takes one that is brought along, and shows its secret once. */
export function KeyDialog({ replaced, onClose }: KeyDialogProps) {
  const text = useText();
  const [kid, setKid] = useState(replaced?.kid ?? "");
  const [kind, setKind] = useState<string>("hmac");
  const [secret, setSecret] = useState("");
  const [hours, setHours] = useState(24);
  const material = kind === "secret" ? { secret } : { generate: kind };
  const path = { kid };
  const save = useAction({
    run: () =>
      replaced === null
        ? client().put("/v1/keys/{kid}", { params: { path }, body: material as never })
        : client().post("/v1/keys/{kid}/rotate", {
            params: { path },
            body: { ...material, overlapMs: hours * hourMs } as never,
          }),
    changes: ["/v1/keys"],
    done: () => text(replaced === null ? "keys.made" : "keys.rotated"),
  });
  const title = replaced === null ? text("keys.new") : text("keys.rotateTitle", { name: replaced.kid });
  const blocked = kid === "" ? text("forms.required") : undefined;
  return (
    <Dialog
      open
      title={title}
      onClose={onClose}
      actions={
        save.data === undefined && (
          <Button kind="primary" busy={save.isPending} blocked={blocked} onClick={() => save.mutate()}>
            {replaced === null ? text("common.create") : text("keys.rotate")}
          </Button>
        )
      }
    >
      {save.data === undefined ? (
        <>
          {replaced === null && (
            <Field label={text("common.name")}>
              <Input value={kid} autoComplete="off" onChange={({ target }) => setKid(target.value.trim())} />
            </Field>
          )}
          <Material kind={kind} onKind={setKind} secret={secret} onSecret={setSecret} />
          {replaced !== null && (
            <Field label={text("keys.overlap")} help={text("keys.overlapHelp")}>
              <Input
                type="number"
                min={0}
                max={720}
                value={hours}
                onChange={({ target }) => setHours(target.valueAsNumber || 0)}
              />
            </Field>
          )}
          <ProblemNotice error={save.error} />
        </>
      ) : (
        <Made made={save.data} />
      )}
    </Dialog>
  );
}

interface MaterialProps {
  readonly kind: string;
  readonly onKind: (kind: string) => void;
  readonly secret: string;
  readonly onSecret: (secret: string) => void;
}

/** Where the key comes from: it is generated, or brought along. */
function Material({ kind, onKind, secret, onSecret }: MaterialProps) {
  const text = useText();
  return (
    <>
      <Field label={text("keys.from")} help={text("keys.fromHelp")}>
        <Select value={kind} onChange={({ target }) => onKind(target.value)}>
          {kinds.map((name) => (
            <option key={name} value={name}>
              {text(`keys.${name}`)}
            </option>
          ))}
          <option value="secret">{text("keys.bring")}</option>
        </Select>
      </Field>
      {kind === "secret" && (
        <Field label={text("keys.secret")} help={text("keys.secretHelp")}>
          <Input
            type="password"
            autoComplete="off"
            value={secret}
            onChange={({ target }) => onSecret(target.value.trim())}
          />
        </Field>
      )}
    </>
  );
}

function Made({ made }: { readonly made: { readonly secret?: string; readonly publicKey?: string } }) {
  const text = useText();
  return (
    <>
      <Notice tone="good">{text("keys.made")}</Notice>
      {made.secret !== undefined && <Code label={text("forms.secretOnce")} text={made.secret} />}
      {made.publicKey !== undefined && <Code label={text("keys.public")} text={made.publicKey} />}
    </>
  );
}
