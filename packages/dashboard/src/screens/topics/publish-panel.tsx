import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { RequestPreview } from "../../forms/request-preview.tsx";
import { Button } from "../../parts/button.tsx";
import { Field, Input, Select, TextArea } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";
import { emptyPublication, faultOf, messageOf, requestOf, type Publication } from "./publication.ts";

/** Publishes one message to a topic. */
export function PublishPanel({ topic }: { readonly topic: string }) {
  const text = useText();
  const blocks = useBlocks();
  const [given, setGiven] = useState(emptyPublication);
  const { mutate, isPending, error, data } = useAction({
    run: () => client().publish(topic, messageOf(given) as never),
    changes: ["/v1/topics/{topic}/messages"],
    done: ({ id }) => text("publish.done", { id }),
  });
  const fault = faultOf(given);
  const blocked = blocks.publish ?? (fault === null ? undefined : text(`publish.${fault}`));
  const change = (changed: Partial<Publication>): void => setGiven({ ...given, ...changed });
  return (
    <Panel title={text("publish.title")}>
      <form
        className="grid items-start gap-4 lg:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (blocked === undefined) mutate();
        }}
      >
        <div className="flex min-w-0 flex-col gap-3">
          <BodyFields given={given} change={change} fault={fault === "badJson" ? text("publish.badJson") : undefined} />
          <MoreFields given={given} change={change} />
          <ProblemNotice error={error} />
          <div>
            <Button kind="primary" type="submit" busy={isPending} blocked={blocked}>
              {text("publish.do")}
            </Button>
          </div>
          {data !== undefined && (
            <Notice tone="good">
              <Link href={to.message(data.id)} className="underline">
                {text("publish.see", { id: data.id })}
              </Link>
            </Notice>
          )}
        </div>
        <RequestPreview request={requestOf(topic, given)} />
      </form>
    </Panel>
  );
}

interface FieldsProps {
  readonly given: Publication;
  readonly change: (changed: Partial<Publication>) => void;
}

function BodyFields({ given, change, fault }: FieldsProps & { readonly fault: string | undefined }) {
  const text = useText();
  return (
    <>
      <div className="grid grid-cols-2 gap-3">
        <Field label={text("publish.format")}>
          <Select
            value={given.format}
            onChange={({ target }) => change({ format: target.value === "text" ? "text" : "json" })}
          >
            <option value="json">JSON</option>
            <option value="text">{text("publish.text")}</option>
          </Select>
        </Field>
        {given.format === "text" && (
          <Field label={text("publish.contentType")}>
            <Input value={given.contentType} onChange={({ target }) => change({ contentType: target.value })} />
          </Field>
        )}
      </div>
      <Field label={text("label.body")} error={fault}>
        <TextArea rows={7} value={given.body} onChange={({ target }) => change({ body: target.value })} />
      </Field>
    </>
  );
}

function MoreFields({ given, change }: FieldsProps) {
  const text = useText();
  const types = useRead("/v1/event-types", { params: { query: { limit: 100 } } });
  const line = (
    name: keyof Publication,
    label: ReactNode,
    others: { readonly list?: string; readonly placeholder?: string } = {},
  ) => (
    <Field label={label}>
      <Input
        {...others}
        value={given[name]}
        autoComplete="off"
        onChange={({ target }) => change({ [name]: target.value })}
      />
    </Field>
  );
  return (
    <>
      <datalist id="event-types">
        {types.data?.items.map(({ type }) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      <div className="grid gap-3 sm:grid-cols-2">
        {line("type", text("label.type"), { list: "event-types", placeholder: "invoice.paid" })}
        {line("tags", text("label.tags"), { placeholder: "eu, urgent" })}
        {line("orderingKey", text("publish.orderingKey"), { placeholder: "customer-17" })}
        {line("delaySeconds", text("publish.delay"), { placeholder: "0" })}
      </div>
      <Field label={text("publish.attributes")}>
        <TextArea
          rows={2}
          placeholder="tenant=acme"
          value={given.attributes}
          onChange={({ target }) => change({ attributes: target.value })}
        />
      </Field>
    </>
  );
}
