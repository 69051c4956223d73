import { Page } from "../../app/page.tsx";

export default function EventTypes() {
  return <Page title="EventTypes">{null}</Page>;
}
