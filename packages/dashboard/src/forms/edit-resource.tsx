import { useState, type ReactNode } from "react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { RingbackApiError } from "@ringback/sdk/client";
import { queryClient, isPassing } from "../api/queries.ts";
import { useBlocks } from "../api/rights.ts";
import { announce } from "../parts/announcements.ts";
import { Button } from "../parts/button.tsx";
import { Loading, Notice, ProblemNotice } from "../parts/notice.tsx";
import { useText } from "../language/text.ts";
import { faultsOf } from "./check.ts";
import { ConflictPanel } from "./conflict-panel.tsx";
import { FormContext } from "./form-context.ts";
import { FormFrame } from "./form-frame.tsx";
import { mergePatch } from "./merge-patch.ts";
import { filledPath } from "./request.ts";
import { send, sentencesOf, type Answer } from "./send.ts";
import { SettingsForm } from "./settings-form.tsx";
import { sentSettings, type Settings } from "./values.ts";
import { settingsOfView } from "./view-settings.ts";

export interface EditResourceProps {
  readonly shape: string;
  /** As in the API's description, such as `/v1/inboxes/{inbox}`. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly title: string;
  readonly onSaved: () => void;
  /** Settings that the form leaves out, by the settings that are there. */
  readonly hidden?: (settings: Settings) => readonly string[];
  readonly above?: ReactNode;
}

/** A form that changes a resource with a merge patch, and shows what another writer has changed meanwhile. */
export function EditResource(props: EditResourceProps) {
  const { shape, path, params } = props;
  const { data, error, refetch } = useQuery({
    // In its own cache: the form keeps what it has read until it is saved.
    queryKey: ["edit", path, params],
    queryFn: () => send({ method: "get", path, names: params }),
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    retry: (failures, failure) => failures < 2 && isPassing(failure),
  });
  if (data === undefined) {
    return error === null ? <Loading lines={8} /> : <ProblemNotice error={error} retry={() => void refetch()} />;
  }
  return (
    <EditForm
      key={JSON.stringify(params)}
      {...props}
      read={{ view: settingsOfView(shape, data.view), tag: data.tag }}
    />
  );
}

function EditForm(props: EditResourceProps & { readonly read: Answer }) {
  const { shape, path, params, title, hidden, above } = props;
  const text = useText();
  const blocks = useBlocks();
  const [settings, setSettings] = useState<Settings>(props.read.view);
  const [version, setVersion] = useState(0);
  const { read, newest, request, saving, resolve } = useSaving(props, settings);
  const left = hidden?.(settings) ?? [];
  const faults = faultsOf(shape, settings, "", left);
  const isUnchanged = Object.keys(request.body).length === 0;
  const unready = newest !== null ? text("forms.chooseFirst") : isUnchanged ? text("forms.unchanged") : undefined;
  const blocked = blocks.change ?? unready;
  const button = (
    <Button kind="primary" type="submit" busy={saving.isPending} blocked={blocked}>
      {text("common.save")}
    </Button>
  );
  const goOn = (merged: Settings, answer: Answer): void => {
    resolve(answer);
    setSettings(merged);
    // The fields that keep text of their own begin anew.
    setVersion(version + 1);
  };
  return (
    <FormContext value={{ errors: sentencesOf(faults, saving.error, text), isEdit: true }}>
      {newest !== null && (
        <ConflictPanel was={read.view} yours={sentSettings(settings)} newest={newest} onResolve={goOn} />
      )}
      <FormFrame
        title={title}
        request={{ ...request, path: filledPath(path, params) }}
        onSubmit={() => faults.length === 0 && blocked === undefined && saving.mutate()}
        buttons={button}
      >
        {above}
        <SettingsForm key={version} shape={shape} value={settings} onChange={setSettings} hidden={left} />
        {faults.length > 0 && <Notice tone="bad">{text("forms.mendFirst")}</Notice>}
        {!isConflict(saving.error) && <ProblemNotice error={saving.error} />}
      </FormFrame>
    </FormContext>
  );
}

/** The state that was read, and the request that changes it. `newest`: the state that another writer has made. */
function useSaving(props: EditResourceProps & { readonly read: Answer }, settings: Settings) {
  const { shape, path, params, onSaved } = props;
  const text = useText();
  const [read, setRead] = useState(props.read);
  const [newest, setNewest] = useState<Answer | null>(null);
  const body = mergePatch(read.view, sentSettings(settings));
  const headers = {
    "content-type": "application/merge-patch+json",
    ...(read.tag !== null && { "if-match": read.tag }),
  };
  const saving = useMutation({
    mutationFn: () => send({ method: "patch", path, names: params, headers, body }),
    onSuccess: async () => {
      await queryClient.invalidateQueries();
      announce(text("forms.saved"));
      onSaved();
    },
    onError: async (error) => {
      if (!isConflict(error)) return;
      const answer = await send({ method: "get", path, names: params });
      setNewest({ view: settingsOfView(shape, answer.view), tag: answer.tag });
    },
  });
  const resolve = (answer: Answer): void => {
    setRead(answer);
    setNewest(null);
    saving.reset();
  };
  return { read, newest, request: { method: "PATCH" as const, headers, body }, saving, resolve };
}

function isConflict(error: unknown): boolean {
  return error instanceof RingbackApiError && error.status === 412;
}
