import { Page } from "../../app/page.tsx";

export default function Topics() {
  return <Page title="Topics">{null}</Page>;
}
