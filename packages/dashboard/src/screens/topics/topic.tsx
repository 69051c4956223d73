import { Page } from "../../app/page.tsx";

export default function Topic() {
  return <Page title="Topic">{null}</Page>;
}
