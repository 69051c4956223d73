import { useLocation } from "wouter";
import { to } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { NewResource } from "../../forms/new-resource.tsx";
import { useText } from "../../language/text.ts";

export default function NewTopic() {
  const text = useText();
  const [, navigate] = useLocation();
  return (
    <Page title={text("topics.new")} above={[[text("nav.topics"), to.topics]]}>
      <NewResource
        shape="TopicSettings"
        path="/v1/topics/{topic}"
        nameParam="topic"
        title={text("topics.settings")}
        onCreated={(name) => navigate(to.topic(name))}
      />
    </Page>
  );
}
