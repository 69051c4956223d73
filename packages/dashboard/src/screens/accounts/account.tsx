import { Page } from "../../app/page.tsx";

export default function Account() {
  return <Page title="Account">{null}</Page>;
}
