import { Page } from "../../app/page.tsx";

export default function EditSubscription() {
  return <Page title="EditSubscription">{null}</Page>;
}
