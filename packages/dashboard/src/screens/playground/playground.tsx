import { useState, type FormEvent } from "react";
import { Page } from "../../app/page.tsx";
import { to, useQueryValue } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useArrivals } from "../../api/arrivals.ts";
import { client } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Field, Input, Select, TextArea } from "../../parts/field.tsx";
import { Empty, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";
import { ArrivalView } from "./arrival-view.tsx";
import { createBench, removeBenches, type Bench } from "./built-in-receiver.ts";
import { dialects, type Dialect } from "./dialects.ts";

const example = JSON.stringify({ type: "invoice.paid", data: { id: "in_17", amount: 250 } }, null, 2);

/** Publishes to a topic in any dialect, and shows how the push arrives at a receiver that is built in. */
export default function Playground() {
  const text = useText();
  const [given, setDialect] = useQueryValue("dialect");
  const dialect = dialects.find((name) => name === given) ?? "standard-webhooks";
  const [bench, setBench] = useState<Bench | null>(null);
  const { items, error } = useArrivals(bench?.inbox ?? null);
  const remove = useAction({
    run: removeBenches,
    changes: ["/v1/topics", "/v1/inboxes"],
    done: () => text("playground.removed"),
  });
  const [newest] = items;
  return (
    <Page
      title={text("nav.playground")}
      actions={
        <Button busy={remove.isPending} onClick={() => remove.mutate(undefined, { onSuccess: () => setBench(null) })}>
          {text("playground.remove")}
        </Button>
      }
    >
      <p className="max-w-[80ch] text-muted">{text("playground.about")}</p>
      <ProblemNotice error={remove.error ?? error} />
      <PublishPanel dialect={dialect} onDialect={setDialect} bench={bench} onBench={setBench} />
      {bench !== null && newest !== undefined ? (
        <ArrivalView key={newest.id} arrival={newest} bench={bench} />
      ) : (
        <Panel title={text("playground.arrived")} flush>
          <Empty>{text(bench === null ? "playground.nothingYet" : "playground.waiting")}</Empty>
        </Panel>
      )}
      {bench !== null && (
        <div className="flex flex-wrap gap-2">
          <LinkButton href={to.subscription(bench.topic, bench.subscription)}>
            {text("playground.subscription")}
          </LinkButton>
          <LinkButton href={to.topic(bench.topic)}>{text("playground.topic")}</LinkButton>
        </div>
      )}
    </Page>
  );
}

interface PublishProps {
  readonly dialect: Dialect;
  readonly onDialect: (dialect: string) => void;
  readonly bench: Bench | null;
  readonly onBench: (bench: Bench) => void;
}

function PublishPanel({ dialect, onDialect, bench, onBench }: PublishProps) {
  const text = useText();
  const [type, setType] = useState("invoice.paid");
  const [body, setBody] = useState(example);
  const publish = useAction({
    run: async () => {
      // A bench keeps its secret, which only its creation shows.
      const ready = bench?.protocol === dialect ? bench : await createBench(dialect);
      onBench(ready);
      await client().publish(ready.topic, { ...(type !== "" && { type }), body: jsonOrText(body) });
    },
    changes: ["/v1/topics", "/v1/subscriptions"],
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    publish.mutate();
  };
  return (
    <Panel title={text("playground.publish")}>
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={text("playground.dialect")} help={text(`protocol.${dialect}`)}>
            <Select value={dialect} onChange={({ target }) => onDialect(target.value)}>
              {dialects.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          </Field>
          <Field label={text("playground.type")} help={text("playground.typeHelp")}>
            <Input value={type} onChange={({ target }) => setType(target.value)} />
          </Field>
        </div>
        <Field label={text("playground.message")} help={text("playground.messageHelp")}>
          <TextArea rows={6} value={body} onChange={({ target }) => setBody(target.value)} />
        </Field>
        <ProblemNotice error={publish.error} />
        <div>
          <Button kind="primary" type="submit" busy={publish.isPending}>
            {text("playground.send")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function jsonOrText(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
