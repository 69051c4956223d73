import { Page } from "../../app/page.tsx";

export default function Subscriptions() {
  return <Page title="Subscriptions">{null}</Page>;
}
