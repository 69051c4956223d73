import { Page } from "../../app/page.tsx";

export default function Attempt() {
  return <Page title="Attempt">{null}</Page>;
}
