import { Page } from "../../app/page.tsx";

export default function NewSubscription() {
  return <Page title="NewSubscription">{null}</Page>;
}
