import { Page } from "../../app/page.tsx";

export default function Message() {
  return <Page title="Message">{null}</Page>;
}
