import { Page } from "../../app/page.tsx";

export default function Playground() {
  return <Page title="Playground">{null}</Page>;
}
