import { Page } from "../../app/page.tsx";

export default function EditTopic() {
  return <Page title="EditTopic">{null}</Page>;
}
