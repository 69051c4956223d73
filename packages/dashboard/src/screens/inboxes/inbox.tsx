import { Page } from "../../app/page.tsx";

export default function Inbox() {
  return <Page title="Inbox">{null}</Page>;
}
