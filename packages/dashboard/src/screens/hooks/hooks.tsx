import { Page } from "../../app/page.tsx";

export default function Hooks() {
  return <Page title="Hooks">{null}</Page>;
}
