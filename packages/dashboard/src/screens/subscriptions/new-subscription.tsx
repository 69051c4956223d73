import { useLocation, useParams } from "wouter";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { NewResource } from "../../forms/new-resource.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { useText } from "../../language/text.ts";
import { settingsHidden, type SubscriptionKind } from "./kinds.ts";

export default function NewSubscription() {
  const text = useText();
  const { topic = "" } = useParams();
  const [, navigate] = useLocation();
  const [given, setGiven] = useQueryValue("kind");
  const kind: SubscriptionKind = given === "pull" ? "pull" : "push";
  const choice = (
    <Field label={text("subscriptions.kind")} help={text(`subscriptions.${kind}Help`)}>
      <Select value={kind} onChange={({ target }) => setGiven(target.value === "pull" ? "pull" : "")}>
        <option value="push">{text("subscriptions.push")}</option>
        <option value="pull">{text("subscriptions.pull")}</option>
      </Select>
    </Field>
  );
  return (
    <Page
      title={text("subscriptions.new")}
      above={[
        [text("nav.topics"), to.topics],
        [topic, to.topic(topic)],
      ]}
    >
      <NewResource
        // Another kind has other settings, so that its form begins anew.
        key={kind}
        shape="SubscriptionSettings"
        path="/v1/topics/{topic}/subscriptions/{subscription}"
        nameParam="subscription"
        params={{ topic }}
        initial={kind === "pull" ? { pull: {} } : { push: { url: "", protocol: "standard-webhooks" } }}
        hidden={settingsHidden[kind]}
        title={text("subscriptions.settings")}
        above={choice}
        onCreated={(subscription) => navigate(to.subscription(topic, subscription))}
      />
    </Page>
  );
}
