import { useState } from "react";
import { useParams } from "wouter";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Body } from "../../parts/code.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { ResourcePage } from "../resources/resource-page.tsx";
import { eventTypeKind } from "./event-type-kind.ts";

type EventType = components["schemas"]["EventType"];

export default function EventTypeScreen() {
  const text = useText();
  const { type = "" } = useParams();
  const { portal } = useSignedIn();
  const { data, error, refetch } = useRead("/v1/event-types/{type}", { params: { path: { type } } });
  const hasExample = data?.example !== null && data?.example !== undefined;
  return (
    <ResourcePage
      kind={eventTypeKind(text)}
      name={type}
      deleteHelp={text("eventTypes.deleteHelp")}
      note={data?.deprecated === true && <Status tone="warn">{text("eventTypes.deprecated")}</Status>}
    >
      {error !== null && data === undefined && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={6} />}
      {data !== undefined && (
        <>
          <EventTypeFacts eventType={data} />
          <div className="grid gap-4 lg:grid-cols-2">
            <Panel title={text("eventTypes.schema")}>
              {data.schema === null ? (
                <p className="text-muted">{text("eventTypes.noSchemaHelp")}</p>
              ) : (
                <Body given={{ body: data.schema }} contentType="application/json" label="JSON Schema" />
              )}
            </Panel>
            <Panel title={text("eventTypes.example")}>
              {hasExample ? (
                <Body
                  given={{ body: data.example }}
                  contentType="application/json"
                  label={text("eventTypes.example")}
                />
              ) : (
                <p className="text-muted">{text("eventTypes.noExample")}</p>
              )}
            </Panel>
          </div>
          {hasExample && !portal && <PublishExample eventType={data} />}
        </>
      )}
    </ResourcePage>
  );
}

function EventTypeFacts({ eventType }: { readonly eventType: EventType }) {
  const text = useText();
  const { description, version, createdAt, updatedAt } = eventType;
  return (
    <Panel title={text("eventTypes.one")}>
      <Facts
        facts={[
          [text("common.description"), description === "" ? undefined : description],
          [text("eventTypes.version"), version === "" ? undefined : version],
          [text("common.createdAt"), <Time key="created" at={createdAt} />],
          [text("common.updatedAt"), <Time key="updated" at={updatedAt} />],
        ]}
      />
    </Panel>
  );
}

/** Publishes the example to a topic, so that receivers can be tried. */
function PublishExample({ eventType }: { readonly eventType: EventType }) {
  const text = useText();
  const { publish: blocked } = useBlocks();
  const [topic, setTopic] = useState("");
  const topics = useRead("/v1/topics", { params: { query: { limit: 200 } } });
  const publish = useAction({
    run: () => client().publish(topic, { type: eventType.type, body: eventType.example }),
    changes: ["/v1/topics/{topic}/messages"],
    done: ({ id }) => text("firstRun.published", { id }),
  });
  return (
    <Panel title={text("eventTypes.publishExample")}>
      <div className="flex flex-wrap items-end gap-3">
        <div className="w-60">
          <Field label={text("nav.topic")}>
            <Select value={topic} onChange={({ target }) => setTopic(target.value)}>
              <option value="">{text("messages.chooseTopic")}</option>
              {topics.data?.items.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          </Field>
        </div>
        <Button
          busy={publish.isPending}
          blocked={topic === "" ? text("messages.chooseTopic") : blocked}
          onClick={() => publish.mutate()}
        >
          {text("messages.publishNow")}
        </Button>
      </div>
      <ProblemNotice error={publish.error} />
    </Panel>
  );
}
