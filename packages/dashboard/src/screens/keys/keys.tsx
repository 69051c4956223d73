import { Page } from "../../app/page.tsx";

export default function Keys() {
  return <Page title="Keys">{null}</Page>;
}
