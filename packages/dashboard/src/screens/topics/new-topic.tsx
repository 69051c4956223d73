import { Page } from "../../app/page.tsx";

export default function NewTopic() {
  return <Page title="NewTopic">{null}</Page>;
}
