import { Page } from "../../app/page.tsx";

export default function Replays() {
  return <Page title="Replays">{null}</Page>;
}
