import { Page } from "../../app/page.tsx";

export default function Inboxes() {
  return <Page title="Inboxes">{null}</Page>;
}
