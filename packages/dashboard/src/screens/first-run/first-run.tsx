import { useState, type ReactNode } from "react";
import { to } from "../../app/addresses.ts";
import { useAction } from "../../api/action.ts";
import { useArrivals, type Arrival } from "../../api/arrivals.ts";
import { client } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Field, Input, TextArea } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { useText } from "../../language/text.ts";
import { connect, createReceiver, createTopic, type Bench } from "../playground/built-in-receiver.ts";
import { ArrivalView } from "../playground/arrival-view.tsx";

const inbox = "first-run";
const subscription = "first-endpoint";
const protocol = "standard-webhooks";
const example = JSON.stringify({ type: "order.paid", data: { id: "o_1", amount: 250 } }, null, 2);

/** The greeting of an empty server: three steps that work by clicking, each with the request that it equals. */
export function FirstRun() {
  const text = useText();
  const [topic, setTopic] = useState("orders");
  const [hasTopic, setHasTopic] = useState(false);
  const [bench, setBench] = useState<Bench | null>(null);
  const { items, error } = useArrivals(bench !== null && bench.url.includes("/in/") ? inbox : null);
  const [newest] = items;
  return (
    <>
      <Notice title={text("firstRun.welcome")}>{text("firstRun.about")}</Notice>
      <TopicStep topic={topic} onTopic={setTopic} isDone={hasTopic} onDone={() => setHasTopic(true)} />
      <EndpointStep topic={topic} isReady={hasTopic} bench={bench} onBench={setBench} />
      <PublishStep topic={topic} isReady={bench !== null} arrival={newest} />
      <ProblemNotice error={error} />
      {bench !== null && newest !== undefined && (
        <>
          <ArrivalView arrival={newest} bench={bench} />
          <WhatNext bench={bench} />
        </>
      )}
    </>
  );
}

interface StepProps {
  readonly number: number;
  readonly title: string;
  readonly isDone: boolean;
  readonly children: ReactNode;
}

function Step({ number, title, isDone, children }: StepProps) {
  const text = useText();
  return (
    <Panel
      title={`${number} · ${title}`}
      actions={isDone ? <Status tone="good">{text("firstRun.done")}</Status> : undefined}
    >
      <div className="grid gap-4 lg:grid-cols-2">{children}</div>
    </Panel>
  );
}

interface TopicStepProps {
  readonly topic: string;
  readonly onTopic: (topic: string) => void;
  readonly isDone: boolean;
  readonly onDone: () => void;
}

function TopicStep({ topic, onTopic, isDone, onDone }: TopicStepProps) {
  const text = useText();
  const { mutate, isPending, error } = useAction({
    run: () => createTopic(topic),
    // The list of topics is read again only when the reader leaves: home would no longer greet.
    changes: [],
    done: () => text("firstRun.topicDone", { topic }),
  });
  return (
    <Step number={1} title={text("firstRun.topic")} isDone={isDone}>
      <div className="flex flex-col gap-3">
        <Field label={text("common.name")} help={text("firstRun.topicHelp")}>
          <Input value={topic} readOnly={isDone} onChange={({ target }) => onTopic(target.value)} />
        </Field>
        <ProblemNotice error={error} />
        <div>
          <Button
            kind={isDone ? "plain" : "primary"}
            busy={isPending}
            blocked={isDone ? text("firstRun.done") : undefined}
            onClick={() => mutate(undefined, { onSuccess: onDone })}
          >
            {text("firstRun.createTopic")}
          </Button>
        </div>
      </div>
      <Code label="curl" text={curl("PUT", `/v1/topics/${topic}`, {})} />
    </Step>
  );
}

interface EndpointStepProps {
  readonly topic: string;
  readonly isReady: boolean;
  readonly bench: Bench | null;
  readonly onBench: (bench: Bench) => void;
}

function EndpointStep({ topic, isReady, bench, onBench }: EndpointStepProps) {
  const text = useText();
  const [url, setUrl] = useState("");
  const { mutate, isPending, error } = useAction({
    run: async (): Promise<Bench> => {
      const target = url === "" ? await createReceiver(inbox) : url;
      const secret = await connect(topic, subscription, target, protocol);
      return { topic, inbox, subscription, protocol, url: target, secret };
    },
    changes: [],
    done: () => text("firstRun.endpointDone"),
  });
  const isDone = bench !== null;
  const blocked = isDone ? text("firstRun.done") : isReady ? undefined : text("firstRun.notYet");
  const shown = { push: { url: url === "" ? `${location.origin}/in/…` : url, protocol } };
  return (
    <Step number={2} title={text("firstRun.endpoint")} isDone={isDone}>
      <div className="flex flex-col gap-3">
        <Field label={text("firstRun.url")} help={text("firstRun.urlHelp")}>
          <Input
            type="url"
            placeholder={text("firstRun.builtIn")}
            value={url}
            readOnly={isDone}
            onChange={({ target }) => setUrl(target.value.trim())}
          />
        </Field>
        {bench?.secret !== undefined && bench.secret !== null && (
          <Code label={text("firstRun.secret")} text={bench.secret} />
        )}
        <ProblemNotice error={error} />
        <div>
          <Button
            kind={isReady && !isDone ? "primary" : "plain"}
            busy={isPending}
            blocked={blocked}
            onClick={() => mutate(undefined, { onSuccess: onBench })}
          >
            {text("firstRun.addEndpoint")}
          </Button>
        </div>
      </div>
      <Code label="curl" text={curl("PUT", `/v1/topics/${topic}/subscriptions/${subscription}`, shown)} />
    </Step>
  );
}

interface PublishStepProps {
  readonly topic: string;
  readonly isReady: boolean;
  readonly arrival: Arrival | undefined;
}

function PublishStep({ topic, isReady, arrival }: PublishStepProps) {
  const text = useText();
  const [body, setBody] = useState(example);
  const { mutate, isPending, error, isSuccess } = useAction({
    run: () => client().publish(topic, { type: "order.paid", body: JSON.parse(body) as unknown }),
    changes: [],
    done: ({ id }) => text("firstRun.published", { id }),
  });
  return (
    <Step number={3} title={text("firstRun.publish")} isDone={arrival !== undefined}>
      <div className="flex flex-col gap-3">
        <Field label={text("firstRun.message")}>
          <TextArea rows={6} value={body} onChange={({ target }) => setBody(target.value)} />
        </Field>
        <ProblemNotice error={error} />
        <div className="flex items-center gap-3">
          <Button
            kind={isReady ? "primary" : "plain"}
            busy={isPending}
            blocked={isReady ? undefined : text("firstRun.notYet")}
            onClick={() => mutate()}
          >
            {text("firstRun.publishNow")}
          </Button>
          {isSuccess && arrival === undefined && <span className="text-muted">{text("firstRun.onItsWay")}</span>}
        </div>
      </div>
      <Code label="curl" text={curl("POST", `/v1/topics/${topic}/messages`, { type: "order.paid", body: "…" })} />
    </Step>
  );
}

function WhatNext({ bench }: { readonly bench: Bench }) {
  const text = useText();
  return (
    <Panel title={text("firstRun.next")}>
      <div className="flex flex-wrap gap-2">
        <LinkButton kind="primary" href={to.subscription(bench.topic, bench.subscription)}>
          {text("firstRun.seeSubscription")}
        </LinkButton>
        <LinkButton href={to.newSubscription(bench.topic)}>{text("firstRun.ownEndpoint")}</LinkButton>
        <LinkButton href={to.playground}>{text("firstRun.otherDialects")}</LinkButton>
        <LinkButton href={to.apiKeys}>{text("firstRun.apiKey")}</LinkButton>
      </div>
    </Panel>
  );
}

function curl(method: string, path: string, body: object): string {
  return `curl -X ${method} ${location.origin}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body)}'`;
}
