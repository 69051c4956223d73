import { Page } from "../../app/page.tsx";

export default function Audit() {
  return <Page title="Audit">{null}</Page>;
}
