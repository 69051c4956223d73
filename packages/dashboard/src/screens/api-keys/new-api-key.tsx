import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { client, useSignedIn, type Role } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input, Select } from "../../parts/field.tsx";
import { FilterTime, givenTime } from "../../parts/filter.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";

type Settings = components["schemas"]["ApiKeySettings"];

const roles: readonly Role[] = ["read", "publish", "consume", "admin", "operator"];

/** Creates an API key, and shows its token once. */
export function NewApiKey({ onClose }: { readonly onClose: () => void }) {
  const text = useText();
  const { settings, fields } = useSettings();
  const create = useAction({
    run: () => client().post("/v1/api-keys", { body: settings }),
    changes: ["/v1/api-keys"],
    done: ({ name }) => text("forms.created", { name }),
  });
  const blocked = settings.name === "" ? text("forms.required") : undefined;
  const { data } = create;
  return (
    <Dialog
      open
      title={text("apiKeys.new")}
      onClose={onClose}
      actions={
        data === undefined && (
          <Button kind="primary" busy={create.isPending} blocked={blocked} onClick={() => create.mutate()}>
            {text("common.create")}
          </Button>
        )
      }
    >
      {data === undefined ? (
        <>
          {fields}
          <Code label="POST /v1/api-keys" text={JSON.stringify(settings, null, 2)} />
          <ProblemNotice error={create.error} />
        </>
      ) : (
        <>
          <Notice tone="good">{text("forms.secretOnce")}</Notice>
          {data.token !== null && <Code label={text("label.token")} text={data.token} />}
          <Code label={text("label.secretId")} text={data.secretId} />
          <Code label={text("label.secretKey")} text={data.secretKey} />
        </>
      )}
    </Dialog>
  );
}

function useSettings() {
  const text = useText();
  const { role: own } = useSignedIn();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("publish");
  const [topics, setTopics] = useState("");
  const [expires, setExpires] = useState("");
  const patterns = topics.split(/[\s,]+/).filter((pattern) => pattern !== "");
  const expiresAt = givenTime(expires);
  const settings: Settings = {
    name,
    role,
    ...(patterns.length > 0 && { topics: patterns }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  const fields = (
    <>
      <Field label={text("common.name")} help={text("apiKeys.nameHelp")}>
        <Input value={name} autoComplete="off" onChange={({ target }) => setName(target.value)} />
      </Field>
      <Field label={text("apiKeys.role")} help={text.named("roleHelp", role)}>
        <Select value={role} onChange={({ target }) => setRole(target.value as Role)}>
          {roles
            .filter((one) => one !== "operator" || own === "operator")
            .map((one) => (
              <option key={one} value={one}>
                {text.named("role", one)}
              </option>
            ))}
        </Select>
      </Field>
      <Field label={text("nav.topics")} help={text("apiKeys.topicsHelp")}>
        <Input value={topics} placeholder="orders*" onChange={({ target }) => setTopics(target.value)} />
      </Field>
      <FilterTime label={text("apiKeys.expiresAt")} value={expires} onChange={setExpires} />
    </>
  );
  return { settings, fields };
}
