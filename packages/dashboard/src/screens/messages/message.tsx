import { useParams } from "wouter";
import { to, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { useRead } from "../../api/queries.ts";
import { Body, CopyButton } from "../../parts/code.tsx";
import { Empty, Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Tag } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { bytes } from "../../format/numbers.ts";
import { useText } from "../../language/text.ts";
import { TopicLink } from "../topics/topic-link.tsx";
import { DeliveryPanel } from "./delivery-panel.tsx";
import { PublishAgain } from "./publish-again.tsx";
import { curlOfPublish, type Message } from "../../format/curl.ts";

const path = "/v1/messages/{id}";
/** Deliveries change also without an event, when an outcome is written or a retry is due. */
const readEveryMs = 5_000;

/** One message: what was published, and what became of it at each subscription. */
export default function MessageScreen() {
  const text = useText();
  const { id = "" } = useParams();
  const { data, error, refetch } = useRead(path, { params: { path: { id } } }, { everyMs: readEveryMs });
  useLive({ types: ["delivery.attempted", "delivery.dead"] }, (events) => {
    if (events.some((event) => event["messageId"] === id)) void refetch();
  });
  const above = [[text("nav.messages"), withQuery(to.messages, { topic: data?.topic })]] as const;
  return (
    <Page
      title={id}
      above={above}
      actions={
        data !== undefined && (
          <>
            <CopyButton text={curlOfPublish(data, location.origin)} label={text("messages.asCurl")} name />
            <PublishAgain message={data} />
          </>
        )
      }
    >
      {error !== null && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={8} />}
      {data !== undefined && <Shown message={data} />}
    </Page>
  );
}

function Shown({ message }: { readonly message: Message }) {
  const text = useText();
  return (
    <>
      <div className="grid gap-4 lg:grid-cols-2">
        <Published message={message} />
        <Panel title={text("messages.body")}>
          <Body given={message} contentType={message.contentType} label={text("messages.body")} />
        </Panel>
      </div>
      {message.deliveries.length === 0 && (
        <Panel title={text("messages.deliveries")} flush>
          <Empty title={text("messages.noDeliveries")}>{text("messages.noDeliveriesHelp")}</Empty>
        </Panel>
      )}
      {message.deliveries.map((delivery) => (
        <DeliveryPanel key={delivery.subscription} message={message} delivery={delivery} />
      ))}
    </>
  );
}

function Published({ message }: { readonly message: Message }) {
  const text = useText();
  const { topic, seq, publishedAt, deliverAt, type, tags, orderingKey, attributes, contentType, bodyBytes } = message;
  const given = Object.entries(attributes);
  return (
    <Panel title={text("messages.publishedTitle")}>
      <Facts
        facts={[
          [text("nav.topic"), <TopicLink key="topic" topic={topic} />],
          [text("messages.position"), seq],
          [text("messages.published"), <Time key="time" at={publishedAt} />],
          [text("messages.deliverAt"), deliverAt === null ? undefined : <Time key="due" at={deliverAt} />],
          [text("label.type"), type ?? undefined],
          [
            text("label.tags"),
            tags.length === 0 ? undefined : (
              <span key="tags" className="flex flex-wrap gap-1">
                {tags.map((tag) => (
                  <Tag key={tag}>{tag}</Tag>
                ))}
              </span>
            ),
          ],
          [text("messages.orderingKey"), orderingKey ?? undefined],
          [text("messages.attributes"), given.length === 0 ? undefined : list(given)],
          [text("messages.contentType"), contentType ?? undefined],
          [text("messages.size"), bytes(bodyBytes, text.language)],
          [text("messages.trace"), message.traceparent ?? undefined],
          [text("messages.query"), message.request?.query ?? undefined],
          [text("messages.received"), message.request === null ? undefined : list(message.request.headers.map(pairOf))],
        ]}
      />
    </Panel>
  );
}

function list(entries: readonly (readonly [string, string])[]) {
  return entries.map(([name, value], index) => (
    <div key={index}>
      <span className="text-muted">{name}</span> {value}
    </div>
  ));
}

function pairOf([name = "", value = ""]: readonly string[]): readonly [string, string] {
  return [name, value];
}
