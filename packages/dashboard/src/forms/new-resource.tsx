import { useState, type ReactNode } from "react";
import { useMutation } from "@tanstack/react-query";
import { announce } from "../parts/announcements.ts";
import { queryClient } from "../api/queries.ts";
import { useBlocks } from "../api/rights.ts";
import { Button } from "../parts/button.tsx";
import { Field, Input } from "../parts/field.tsx";
import { Notice, ProblemNotice } from "../parts/notice.tsx";
import { useText } from "../language/text.ts";
import { faultsOf } from "./check.ts";
import { FormContext } from "./form-context.ts";
import { focusFirstFault, FormFrame } from "./form-frame.tsx";
import { filledPath, type FormRequest } from "./request.ts";
import { SecretDialog, secretsOf, type Secrets } from "./secret-dialog.tsx";
import { send, sentencesOf, type Answer } from "./send.ts";
import { SettingsForm } from "./settings-form.tsx";
import type { Settings } from "./values.ts";

export interface NewResourceProps {
  /** The shape of its settings, such as `InboxSettings`. */
  readonly shape: string;
  /** As in the API's description, such as `/v1/inboxes/{inbox}`. */
  readonly path: string;
  /** The parameter of the path that is the new name. */
  readonly nameParam: string;
  /** The other parameters of the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly title: string;
  /** Called when it is created, and its secrets were seen. */
  readonly onCreated: (name: string) => void;
  readonly initial?: Settings;
  readonly hidden?: readonly string[];
  readonly initialName?: string;
  /** Fields above the settings, such as a choice of the kind. */
  readonly above?: ReactNode;
  readonly nameHelp?: ReactNode;
}

/** A form that creates a resource with PUT. Nothing that exists already is overwritten. */
export function NewResource(props: NewResourceProps) {
  const {
    shape,
    path,
    nameParam,
    params,
    title,
    onCreated,
    initial = {},
    hidden = [],
    initialName = "",
    above,
  } = props;
  const text = useText();
  const blocks = useBlocks();
  const [name, setName] = useState(initialName);
  const [settings, setSettings] = useState<Settings>(initial);
  const [isTried, setTried] = useState(false);
  const names = { ...params, [nameParam]: name };
  const headers = { "if-none-match": "*" };
  const creation = useCreation(name, () => send({ method: "put", path, names, headers, body: settings }), onCreated);
  const faults = faultsOf(shape, settings, "", hidden);
  const shownFaults = isTried ? faults : faults.filter(({ key }) => key !== "forms.required");
  const errors = sentencesOf(shownFaults, creation.error, text);
  const submit = (): void => {
    if (blocks.change !== undefined) return;
    setTried(true);
    if (name !== "" && faults.length === 0) creation.create();
    else focusFirstFault();
  };
  const request: FormRequest = {
    method: "PUT",
    path: filledPath(path, names),
    headers: { "content-type": "application/json", ...headers },
    body: settings,
  };
  const button = (
    <Button kind="primary" type="submit" busy={creation.isPending} blocked={blocks.change}>
      {text("common.create")}
    </Button>
  );
  return (
    <FormContext value={{ errors, isEdit: false }}>
      <FormFrame title={title} request={request} onSubmit={submit} buttons={button}>
        <Field
          label={text("common.name")}
          help={props.nameHelp ?? text("forms.nameHelp")}
          error={isTried && name === "" ? text("forms.required") : errors.get(nameParam)}
        >
          <Input value={name} autoComplete="off" required onChange={({ target }) => setName(target.value.trim())} />
        </Field>
        {above}
        <SettingsForm shape={shape} value={settings} onChange={setSettings} hidden={hidden} />
        {isTried && faults.length > 0 && <Notice tone="bad">{text("forms.mendFirst")}</Notice>}
        <ProblemNotice error={creation.error} />
      </FormFrame>
      <SecretDialog secrets={creation.secrets} onClose={() => onCreated(name)} />
    </FormContext>
  );
}

/** Sends the request. With secrets in the answer, the caller reports the creation when the reader has seen them. */
function useCreation(name: string, request: () => Promise<Answer>, onCreated: (name: string) => void) {
  const text = useText();
  const [secrets, setSecrets] = useState<Secrets>([]);
  const { mutate, isPending, error } = useMutation({
    mutationFn: request,
    onSuccess: async ({ view }) => {
      await queryClient.invalidateQueries();
      announce(text("forms.created", { name }));
      const shown = secretsOf(view);
      if (shown.length === 0) onCreated(name);
      else setSecrets(shown);
    },
  });
  return { create: () => mutate(), isPending, error, secrets };
}
