import { Page } from "../../app/page.tsx";

export default function Expressions() {
  return <Page title="Expressions">{null}</Page>;
}
