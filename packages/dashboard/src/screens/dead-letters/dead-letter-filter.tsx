import type { ReactNode } from "react";
import { useQueryValue } from "../../app/addresses.ts";
import { FilterChoice, FilterText, FilterTime, givenTime } from "../../parts/filter.tsx";
import { useText } from "../../language/text.ts";

export const deadReasons = [
  "retries_exhausted",
  "receives_exhausted",
  "expired",
  "unencodable",
  "filter_failed",
  "transform_failed",
  "address_denied",
  "loop_detected",
  "cancelled",
] as const;
export type DeadReason = (typeof deadReasons)[number];

export interface DeadLetterQuery {
  readonly topic?: string;
  readonly subscription?: string;
  readonly reason?: DeadReason;
  readonly status?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface DeadLetterFilter {
  readonly query: DeadLetterQuery;
  readonly fields: readonly ReactNode[];
  readonly isFiltered: boolean;
  readonly clear: () => void;
}

/** The filter of dead letters, which is in the page's address. */
export function useDeadLetterFilter(): DeadLetterFilter {
  const text = useText();
  const [topic, setTopic] = useQueryValue("topic");
  const [subscription, setSubscription] = useQueryValue("subscription");
  const [reason, setReason] = useQueryValue("reason");
  const [status, setStatus] = useQueryValue("status");
  const [from, setFrom] = useQueryValue("from");
  const [until, setUntil] = useQueryValue("to");
  const [knownReason, fromTime, toTime] = [
    deadReasons.find((word) => word === reason),
    givenTime(from),
    givenTime(until),
  ];
  const query: DeadLetterQuery = {
    ...(topic !== "" && { topic }),
    ...(topic !== "" && subscription !== "" && { subscription }),
    ...(knownReason !== undefined && { reason: knownReason }),
    ...(/^[1-9](?:\d\d|xx)$/.test(status) && { status }),
    ...(fromTime !== undefined && { from: fromTime }),
    ...(toTime !== undefined && { to: toTime }),
  };
  const fields = [
    <FilterText key="topic" label={text("nav.topic")} value={topic} onChange={setTopic} />,
    <FilterText
      key="subscription"
      label={text("nav.subscription")}
      value={subscription}
      blocked={topic === "" ? text("deadLetters.topicFirst") : undefined}
      onChange={setSubscription}
    />,
    <FilterChoice
      key="reason"
      label={text("deadLetters.reason")}
      value={reason}
      words={deadReasons}
      named="deadReason"
      onChange={setReason}
    />,
    <FilterText key="status" label={text("attempts.status")} value={status} example="5xx" onChange={setStatus} />,
    <FilterTime key="from" label={text("common.from")} value={from} onChange={setFrom} />,
    <FilterTime key="to" label={text("common.to")} value={until} onChange={setUntil} />,
  ];
  const clear = (): void => {
    for (const set of [setTopic, setSubscription, setReason, setStatus, setFrom, setUntil]) set("");
  };
  return { query, fields, isFiltered: Object.keys(query).length > 0, clear };
}
