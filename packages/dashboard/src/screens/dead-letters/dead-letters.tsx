import { Page } from "../../app/page.tsx";

export default function DeadLetters() {
  return <Page title="DeadLetters">{null}</Page>;
}
