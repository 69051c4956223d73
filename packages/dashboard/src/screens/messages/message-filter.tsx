import type { ReactNode } from "react";
import { useQueryValue } from "../../app/addresses.ts";
import { useRead } from "../../api/queries.ts";
import { FilterChoice, FilterText, FilterTime, givenTime } from "../../parts/filter.tsx";
import { useText } from "../../language/text.ts";

export const deliveryStates = ["pending", "in_flight", "parked", "delivered", "dead", "filtered", "skipped"] as const;
type DeliveryState = (typeof deliveryStates)[number];

export interface MessageQuery {
  readonly type?: string;
  readonly tag?: string;
  readonly attribute?: string;
  readonly subscription?: string;
  readonly state?: DeliveryState;
  readonly from?: string;
  readonly to?: string;
}

export interface MessageFilter {
  readonly topic: string;
  readonly query: MessageQuery;
  readonly fields: readonly ReactNode[];
  readonly isFiltered: boolean;
  readonly clear: () => void;
}

/** The filter of messages, which is in the page's address. */
export function useMessageFilter(): MessageFilter {
  const text = useText();
  const [topic, setTopic] = useQueryValue("topic");
  const [type, setType] = useQueryValue("type");
  const [tag, setTag] = useQueryValue("tag");
  const [attribute, setAttribute] = useQueryValue("attribute");
  const [subscription, setSubscription] = useQueryValue("subscription");
  const [state, setState] = useQueryValue("state");
  const [from, setFrom] = useQueryValue("from");
  const [until, setUntil] = useQueryValue("to");
  const query = queryOf({ type, tag, attribute, subscription, state, from, until });
  const topics = useRead("/v1/topics", { params: { query: { limit: 200 } } });
  const path = "/v1/topics/{topic}/subscriptions";
  const subscriptions = useRead(
    path,
    { params: { path: { topic }, query: { limit: 200 } } },
    { enabled: topic !== "" },
  );
  const topicNames = known(topics.data?.items.map(({ name }) => name) ?? [], topic);
  const names = known(subscriptions.data?.items.map(({ name }) => name) ?? [], subscription);
  const fields = [
    <FilterChoice key="topic" label={text("nav.topic")} value={topic} words={topicNames} onChange={setTopic} />,
    <FilterText key="type" label={text("label.type")} value={type} example="invoice.*" onChange={setType} />,
    <FilterText key="tag" label={text("messages.tag")} value={tag} onChange={setTag} />,
    <FilterText
      key="attribute"
      label={text("messages.attribute")}
      value={attribute}
      example="customer:acme"
      onChange={setAttribute}
    />,
    <FilterChoice
      key="subscription"
      label={text("nav.subscription")}
      value={subscription}
      words={names}
      onChange={setSubscription}
    />,
    <FilterChoice
      key="state"
      label={text("common.state")}
      value={state}
      words={deliveryStates}
      named="delivery"
      onChange={setState}
    />,
    <FilterTime key="from" label={text("common.from")} value={from} onChange={setFrom} />,
    <FilterTime key="to" label={text("common.to")} value={until} onChange={setUntil} />,
  ];
  const clear = (): void => {
    for (const set of [setType, setTag, setAttribute, setSubscription, setState, setFrom, setUntil]) set("");
  };
  return { topic, query, fields, isFiltered: Object.keys(query).length > 0, clear };
}

function queryOf(given: Readonly<Record<string, string>>): MessageQuery {
  const { type = "", tag = "", attribute = "", subscription = "" } = given;
  const state = deliveryStates.find((word) => word === given["state"]);
  const [from, to] = [givenTime(given["from"] ?? ""), givenTime(given["until"] ?? "")];
  return {
    ...(type !== "" && { type }),
    ...(tag !== "" && { tag }),
    // While it is being typed, an attribute has no value, which the API refuses.
    ...(/^[a-z][a-z0-9-]*:/.test(attribute) && { attribute }),
    ...(subscription !== "" && { subscription }),
    // The API knows states of one subscription only.
    ...(state !== undefined && subscription !== "" && { state }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

/** The names, with the chosen one even if the list is too long to have it. */
function known(names: readonly string[], chosen: string): readonly string[] {
  return chosen === "" || names.includes(chosen) ? names : [chosen, ...names];
}
