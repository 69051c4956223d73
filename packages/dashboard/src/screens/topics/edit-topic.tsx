import { useLocation, useParams } from "wouter";
import { to } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { EditResource } from "../../forms/edit-resource.tsx";
import { useText } from "../../language/text.ts";

export default function EditTopic() {
  const text = useText();
  const { topic = "" } = useParams();
  const [, navigate] = useLocation();
  return (
    <Page
      title={text("topics.editTitle", { topic })}
      above={[
        [text("nav.topics"), to.topics],
        [topic, to.topic(topic)],
      ]}
    >
      <EditResource
        shape="TopicSettings"
        path="/v1/topics/{topic}"
        params={{ topic }}
        title={text("topics.settings")}
        onSaved={() => navigate(to.topic(topic))}
      />
    </Page>
  );
}
