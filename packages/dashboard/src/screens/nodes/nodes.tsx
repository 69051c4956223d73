import { Page } from "../../app/page.tsx";

export default function Nodes() {
  return <Page title="Nodes">{null}</Page>;
}
