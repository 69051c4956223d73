import { useId, useState, type FormEvent } from "react";
import { useRead } from "../../api/queries.ts";
import { useAction } from "../../api/action.ts";
import { useSignedIn } from "../../api/session.ts";
import { secretsOf } from "../../forms/secret-dialog.tsx";
import { send } from "../../forms/send.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Checkbox, Field, Input, Select } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import { endpointName, endpointSettings } from "./endpoint-settings.ts";

const subscriptionPath = "/v1/topics/{topic}/subscriptions/{subscription}";
const typesMax = 200;

/** Adds an endpoint with what a customer knows: a URL, the events, and a description. The secret is shown once. */
export function NewEndpoint({ onClose }: { readonly onClose: () => void }) {
  const text = useText();
  const formId = useId();
  const { topic, topicField } = useTopic();
  const { types, typesField } = useTypes();
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const create = useAction({
    run: () => {
      const names = { topic, subscription: endpointName(url, crypto.randomUUID()) };
      const body = endpointSettings({ url, types, description });
      return send({ method: "put", path: subscriptionPath, names, headers: { "if-none-match": "*" }, body });
    },
    changes: ["/v1/subscriptions"],
    done: () => text("portal.endpointAdded"),
  });
  const blocked = url === "" || topic === "" ? text("forms.required") : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (blocked === undefined && !create.isPending) create.mutate();
  };
  const { data } = create;
  const button = (
    <Button kind="primary" type="submit" form={formId} busy={create.isPending} blocked={blocked}>
      {text("portal.addEndpoint")}
    </Button>
  );
  return (
    <Dialog open title={text("portal.newEndpoint")} onClose={onClose} actions={data === undefined && button}>
      {data === undefined ? (
        <form id={formId} className="flex flex-col gap-4" onSubmit={submit}>
          <Field label={text("portal.url")} help={text("portal.urlHelp")}>
            <Input
              type="url"
              required
              value={url}
              placeholder="https://api.example.com/webhooks"
              onChange={({ target }) => setUrl(target.value.trim())}
            />
          </Field>
          {topicField}
          {typesField}
          <Field label={text("common.description")}>
            <Input value={description} onChange={({ target }) => setDescription(target.value)} />
          </Field>
          <ProblemNotice error={create.error} />
        </form>
      ) : (
        <>
          <Notice tone="good">{text("portal.endpointAdded")}</Notice>
          {secretsOf(data.view).map(([name, value]) => (
            <div key={name} className="flex flex-col gap-2">
              <p>{text("portal.secretHelp")}</p>
              <Code label={text.named("label", name)} text={value} />
            </div>
          ))}
        </>
      )}
    </Dialog>
  );
}

/** The topic that the endpoint gets its events from. A customer with one topic need not know of topics. */
function useTopic() {
  const text = useText();
  const [chosen, setChosen] = useState("");
  const { data, error } = useRead("/v1/topics", { params: { query: { limit: 200 } } });
  const names = (data?.items ?? []).map(({ name }) => name).filter((name) => name !== "ringback.events");
  const topic = chosen === "" ? (names[0] ?? "") : chosen;
  const topicField = (
    <>
      <ProblemNotice error={error} />
      {data !== undefined && names.length === 0 && <Notice tone="warn">{text("portal.noTopic")}</Notice>}
      {names.length > 1 && (
        <Field label={text("nav.topic")}>
          <Select value={topic} onChange={({ target }) => setChosen(target.value)}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        </Field>
      )}
    </>
  );
  return { topic, topicField };
}

/** The types of events that the endpoint gets. Without a catalogue that the reader may see, they are typed. */
function useTypes() {
  const text = useText();
  const [types, setTypes] = useState<readonly string[]>([]);
  const [typed, setTyped] = useState("");
  const { topics } = useSignedIn();
  const isWhole = topics === null;
  const query = { limit: typesMax };
  const { data } = useRead("/v1/event-types", { params: { query } }, { enabled: isWhole });
  const typedField = (
    <Field label={text("portal.events")} help={text("portal.eventsTypedHelp")}>
      <Input value={typed} placeholder="invoice.*" onChange={({ target }) => setTyped(target.value)} />
    </Field>
  );
  const toggle = (type: string): void =>
    setTypes(types.includes(type) ? types.filter((one) => one !== type) : [...types, type]);
  if (!isWhole || data?.items.length === 0) {
    return { types: typed.split(/[\s,]+/).filter((type) => type !== ""), typesField: typedField };
  }
  const typesField = data !== undefined && data.items.length > 0 && (
    <fieldset className="flex flex-col gap-1">
      <legend className="font-medium">{text("portal.events")}</legend>
      <p className="text-small text-muted">{text("portal.eventsHelp")}</p>
      <div className="flex max-h-48 flex-col overflow-y-auto">
        {data.items.map(({ type }) => (
          <Checkbox
            key={type}
            label={<span className="font-mono text-small">{type}</span>}
            checked={types.includes(type)}
            onChange={() => toggle(type)}
          />
        ))}
      </div>
    </fieldset>
  );
  return { types, typesField };
}
