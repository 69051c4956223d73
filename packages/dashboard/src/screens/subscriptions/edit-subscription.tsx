import { useLocation, useParams } from "wouter";
import { to } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { EditResource } from "../../forms/edit-resource.tsx";
import { useText } from "../../language/text.ts";
import { useTopicsAbove } from "../topics/topics-above.ts";
import { settingsHidden } from "./kinds.ts";

export default function EditSubscription() {
  const text = useText();
  const { topic = "", subscription = "" } = useParams();
  const above = useTopicsAbove(topic);
  const [, navigate] = useLocation();
  return (
    <Page
      title={text("subscriptions.editTitle", { subscription })}
      above={[...above, [subscription, to.subscription(topic, subscription)]]}
    >
      <EditResource
        shape="SubscriptionSettings"
        path="/v1/topics/{topic}/subscriptions/{subscription}"
        params={{ topic, subscription }}
        title={text("subscriptions.settings")}
        // Where to begin is chosen once; later it is a rewind or a replay.
        hidden={(settings) => [...settingsHidden[settings["pull"] === null ? "push" : "pull"], "start"]}
        onSaved={() => navigate(to.subscription(topic, subscription))}
      />
    </Page>
  );
}
