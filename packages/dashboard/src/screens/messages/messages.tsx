import { Page } from "../../app/page.tsx";

export default function Messages() {
  return <Page title="Messages">{null}</Page>;
}
