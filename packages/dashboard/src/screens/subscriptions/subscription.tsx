import { Page } from "../../app/page.tsx";

export default function Subscription() {
  return <Page title="Subscription">{null}</Page>;
}
