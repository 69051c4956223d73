import type { ReactNode } from "react";
import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { propertiesOf, type Property } from "../../forms/schema.ts";
import { shownValue, summaryOf, unitText } from "../../forms/sentences.ts";
import { settingsOfView } from "../../forms/view-settings.ts";
import { isEqual, isSettings } from "../../forms/values.ts";
import { useSignedIn } from "../../api/session.ts";
import { useText, type Text } from "../../language/text.ts";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { Labels } from "../topics/labels.tsx";
import type { CountedSubscription } from "./subscription-actions.tsx";

/** The settings that differ from their defaults, and those that say what the subscription is. */
export function SettingsPanel({ subscription }: { readonly subscription: CountedSubscription }) {
  const text = useText();
  const { push, pull, labels, createdAt, updatedAt } = subscription;
  const settings = settingsOfView("SubscriptionSettings", subscription);
  const inner =
    push === null ? factsOf("PullSettings", settings["pull"], text) : factsOf("PushSettings", settings["push"], text);
  const outer = factsOf("SubscriptionSettings", settings, text, ["push", "pull", "labels"]);
  return (
    <Panel title={text("subscriptions.settings")}>
      <Facts
        facts={[
          [text("subscriptions.kind"), text(pull === null ? "subscriptions.push" : "subscriptions.pull")],
          ...inner,
          ...outer,
          [
            text("common.labels"),
            Object.keys(labels).length === 0 ? undefined : <Labels key="labels" labels={labels} />,
          ],
          [text("common.createdAt"), <Time key="created" at={createdAt} />],
          [text("common.updatedAt"), <Time key="updated" at={updatedAt} />],
        ]}
      />
    </Panel>
  );
}

type Fact = readonly [name: ReactNode, value: ReactNode];

function factsOf(shape: string, given: unknown, text: Text, left: readonly string[] = []): readonly Fact[] {
  const settings = isSettings(given) ? given : {};
  return propertiesOf(shape)
    .filter(({ name }) => !left.includes(name))
    .flatMap((property): readonly Fact[] => {
      const { name } = property;
      const value = unusualPart(property, settings[name]);
      const written = value === undefined ? "" : shown(name, value, text);
      return written === "" ? [] : [[text.named("label", name), written]];
    });
}

/** The value without what is as usual; undefined: all of it is. */
function unusualPart({ name, groupShape, kind, default: preset }: Property, value: unknown): unknown {
  if (name === "protocol") return value;
  const isUsual = value === undefined || value === "" || value === null || isEqual(value, preset);
  if (isUsual) return undefined;
  if (kind !== "group" || groupShape === null || !isSettings(value)) return value;
  const usual = new Map(propertiesOf(groupShape).map((inner) => [inner.name, inner.default]));
  return Object.fromEntries(Object.entries(value).filter(([inner, is]) => !isEqual(is, usual.get(inner))));
}

function shown(name: string, value: unknown, text: Text): ReactNode {
  if (name === "keys" && Array.isArray(value)) {
    return (value as readonly string[]).map((key) => <SigningKey key={key} name={key} />);
  }
  if (typeof value === "object") {
    const summary = summaryOf(value);
    return summary === "" || summary === "[]" ? "" : <code className="font-mono text-small break-all">{summary}</code>;
  }
  return unitText(name, value, text) ?? shownValue(name, value, text);
}

/** The name of a key; operators also have a screen of all keys. */
function SigningKey({ name }: { readonly name: string }) {
  const { portal } = useSignedIn();
  if (portal) return <span className="mr-2 font-mono text-small">{name}</span>;
  return (
    <Link href={to.keys} className="mr-2 font-mono text-small hover:underline">
      {name}
    </Link>
  );
}
