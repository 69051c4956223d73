import type { ReactNode } from "react";
import type { components } from "@ringback/sdk/client";
import { to, withQuery } from "../../app/addresses.ts";
import { useRead } from "../../api/queries.ts";
import { useSignedIn } from "../../api/session.ts";
import { LinkButton } from "../../parts/button.tsx";
import { Loading } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Time, useNow } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { ResumeButton } from "../subscriptions/state-buttons.tsx";

type Listed = components["schemas"]["ListedSubscription"];

interface Item {
  readonly key: string;
  readonly tone: Tone;
  readonly sentence: ReactNode;
  readonly since?: string;
  readonly href: string;
  /** The button that mends it. */
  readonly mend?: ReactNode;
}

const shownMax = 10;
const readEveryMs = 10_000;
/** API keys that expire within this time are shown. */
const expirySoonMs = 7 * 86_400_000;

/** Things that need a person, worst first, in words and with the button that mends it. */
export function Attention({ deadLetters }: { readonly deadLetters: number }) {
  const text = useText();
  const { items, isLoading } = useItems(deadLetters);
  if (isLoading) return <Loading lines={2} />;
  if (items.length === 0) {
    return (
      <Panel title={text("home.attention")}>
        <Status tone="good">{text("home.allWell")}</Status>
      </Panel>
    );
  }
  return (
    <Panel flush title={text("home.attention")}>
      <ul>
        {items.slice(0, shownMax).map(({ key, tone, sentence, since, href, mend }) => (
          <li
            key={key}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5 last:border-b-0"
          >
            <span className="min-w-0 grow break-words [&>span]:whitespace-normal">
              <Status tone={tone}>{sentence}</Status>
              {since !== undefined && (
                <span className="ml-2 text-small text-muted">
                  {text("home.since")} <Time at={since} relative />
                </span>
              )}
            </span>
            <span className="flex gap-2">
              <LinkButton href={href}>{text("home.see")}</LinkButton>
              {mend}
            </span>
          </li>
        ))}
      </ul>
      {items.length > shownMax && (
        <p className="px-4 py-2 text-small text-muted">{text("home.more", { n: shownMax })}</p>
      )}
    </Panel>
  );
}

function useItems(deadLetters: number): { readonly items: readonly Item[]; readonly isLoading: boolean } {
  const text = useText();
  const { role, portal } = useSignedIn();
  const options = { everyMs: readEveryMs };
  const disabled = useRead("/v1/subscriptions", listed({ state: "disabled" }), options);
  const unhealthy = useRead("/v1/subscriptions", listed({ health: "unhealthy" }), options);
  const paused = useRead("/v1/subscriptions", listed({ state: "paused" }), options);
  const lagging = useRead("/v1/subscriptions", listed({ state: "lagging" }), options);
  const nodes = useRead("/v1/nodes", {}, { ...options, enabled: role === "operator" && !portal });
  const failing = unhealthy.data?.items ?? [];
  const known = new Set(failing.map(keyOf));
  const mayManage = (role === "operator" || role === "admin") && !portal;
  const apiKeys = useRead("/v1/api-keys", { params: { query: { limit: 100 } } }, { ...options, enabled: mayManage });
  const expireBefore = new Date(useNow(60_000) + expirySoonMs).toISOString();
  const items = [
    ...(disabled.data?.items ?? []).map((one) => disabledItem(one, text)),
    ...failing.toSorted((one) => (one.health === "open" ? -1 : 1)).map((one) => failingItem(one, text)),
    ...(nodes.data?.items ?? []).filter(({ alive }) => !alive).map(({ name }) => nodeItem(name, text)),
    ...(apiKeys.data?.items ?? [])
      .filter(({ expiresAt }) => expiresAt !== null && expiresAt < expireBefore)
      .map(({ name }) => keyItem(name, text)),
    ...(deadLetters > 0 ? [deadItem(deadLetters, text)] : []),
    ...(lagging.data?.items ?? [])
      .filter((one) => one.state === "active" && one.push !== null && !known.has(keyOf(one)))
      .map((one) => waitingItem("home.lagging", one, text)),
    ...(paused.data?.items ?? [])
      .filter(({ counts }) => (counts?.backlog ?? 0) > 0)
      .map((one) => waitingItem("home.paused", one, text)),
  ];
  return { items, isLoading: disabled.isLoading || unhealthy.isLoading };
}

function keyOf({ topic, name }: Listed): string {
  return `${topic} / ${name}`;
}

function disabledItem(subscription: Listed, text: Text): Item {
  const { topic, name, disabledAt } = subscription;
  return {
    key: `disabled ${keyOf(subscription)}`,
    tone: "bad",
    sentence: text("home.disabled", { name: keyOf(subscription) }),
    ...(disabledAt !== null && { since: disabledAt }),
    href: to.subscription(topic, name),
    mend: <ResumeButton topic={topic} subscription={name} />,
  };
}

function failingItem(subscription: Listed, text: Text): Item {
  const { topic, name, health, failing } = subscription;
  const isOpen = health === "open";
  const cause =
    failing === null
      ? ""
      : failing.status === null
        ? text("home.lastError", { error: failing.errorDetail ?? failing.error ?? "" })
        : text("home.lastStatus", { status: String(failing.status) });
  return {
    key: `failing ${keyOf(subscription)}`,
    tone: isOpen ? "bad" : "warn",
    sentence: `${text(isOpen ? "home.open" : "home.failing", { name: keyOf(subscription) })} ${cause}`,
    ...(failing !== null && { since: failing.failingSince }),
    href: to.subscription(topic, name),
  };
}

function nodeItem(name: string, text: Text): Item {
  return { key: `node ${name}`, tone: "bad", sentence: text("home.node", { name }), href: to.nodes };
}

function keyItem(name: string, text: Text): Item {
  return { key: `key ${name}`, tone: "warn", sentence: text("home.keyExpires", { name }), href: to.apiKeys };
}

function deadItem(count: number, text: Text): Item {
  return { key: "dead", tone: "warn", sentence: text.count("home.dead", count), href: to.deadLetters };
}

function waitingItem(sentence: "home.lagging" | "home.paused", subscription: Listed, text: Text): Item {
  const { topic, name, counts } = subscription;
  return {
    key: `${sentence} ${keyOf(subscription)}`,
    tone: "warn",
    sentence: text.count(sentence, counts?.backlog ?? 0, { name: keyOf(subscription) }),
    href: withQuery(to.subscription(topic, name), {}),
    ...(sentence === "home.paused" && { mend: <ResumeButton topic={topic} subscription={name} /> }),
  };
}

function listed<Q extends object>(query: Q) {
  return { params: { query: { ...query, limit: shownMax + 1 } } };
}
