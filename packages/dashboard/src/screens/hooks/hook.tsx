import { Page } from "../../app/page.tsx";

export default function Hook() {
  return <Page title="Hook">{null}</Page>;
}
