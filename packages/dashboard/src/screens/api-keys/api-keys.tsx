import { Page } from "../../app/page.tsx";

export default function ApiKeys() {
  return <Page title="ApiKeys">{null}</Page>;
}
