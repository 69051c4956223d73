import { Page } from "../../app/page.tsx";

export default function EventType() {
  return <Page title="EventType">{null}</Page>;
}
