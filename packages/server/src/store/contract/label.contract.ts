import { expect } from "vitest";
import type { Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import type { Part } from "./part.ts";
import { Scene, settings, topicSettings } from "./fixtures.ts";

const acme: Label = { name: "customer", value: "acme" };
/** The labels of resource `n`. Every third resource has the label; the others have labels that resemble it. */
const labelsOf = (n: number): unknown =>
  [{ customer: "acme", tier: "1" }, { customer: "acme2", acme: "customer" }, { Customer: "acme" }][n % 3];
const COUNT = 14;
const names = Array.from({ length: COUNT }, (_, n) => `n${String(n).padStart(2, "0")}`);
const labelled = names.filter((_, n) => n % 3 === 0);

type List = (page: PageRequest, label?: Label) => Promise<Page<{ readonly name: string }>>;

export function labelContract({ promise, shared, fresh }: Part): void {
  promise("lists the topics that have a label, in full pages", async () => {
    await fresh(async ({ store }) => {
      const { id } = store.catalog.defaultAccount();
      const put = (name: string, labels: unknown) =>
        store.catalog.putTopic(id, name, Object.assign(topicSettings(), { labels }));
      for (const [n, name] of names.entries()) await put(name, labelsOf(n));
      await put("inbox:n", labelsOf(0));
      await expectListed((page, label) => store.catalog.listTopics(id, page, label), put);
    });
  });

  promise("lists the subscriptions that have a label, in full pages", async () => {
    const scene = await Scene.make(shared());
    const { catalog } = scene.store;
    // The JSON text of the settings contains the label's text in another member, too.
    const push = { ...settings().push, headers: { customer: "acme" } } as ReturnType<typeof settings>["push"];
    const put = (name: string, labels: unknown) =>
      catalog.putSubscription(scene.topic.id, name, Object.assign(settings({ push }), { labels }), "now");
    for (const [n, name] of names.entries()) await put(name, labelsOf(n));
    await put("inbox:n", labelsOf(0));
    await expectListed((page, label) => catalog.listSubscriptions(scene.topic.id, page, label), put);
    await scene.under.crash();
    const page = await scene.store.catalog.listSubscriptions(scene.topic.id, { after: null, limit: 2 }, acme);
    expect(namesOf(page)).toEqual(labelled.slice(1, 3));
  });

  promise("lists the entries that have a label, in full pages", async () => {
    await fresh(async ({ store }) => {
      const { id } = store.catalog.defaultAccount();
      const put = (name: string, labels: unknown) => store.entries.put(id, "hook", name, { labels });
      for (const [n, name] of names.entries()) await put(name, labelsOf(n));
      await store.entries.put(id, "key", "k", { labels: labelsOf(0) });
      await expectListed((page, label) => store.entries.list(id, "hook", page, label), put);
    });
  });
}

const namesOf = ({ items }: Page<{ readonly name: string }>) => items.map(({ name }) => name);

async function expectListed(list: List, put: (name: string, labels: unknown) => Promise<unknown>): Promise<void> {
  const pages: (readonly string[])[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<List>> = await list({ after, limit: 2 }, acme);
    pages.push(namesOf(page));
    after = page.next;
  } while (after !== null);
  expect(pages).toEqual([labelled.slice(0, 2), labelled.slice(2, 4), labelled.slice(4)]);
  expect(namesOf(await list({ after: null, limit: COUNT }))).toEqual(names);
  const all = { after: null, limit: COUNT };
  for (const [name, value] of [
    ["toString", "acme"],
    ["customer", "acm"],
    ["customer", ""],
    ["", "acme"],
    ['customer":"acme","', "1"],
    ["\u0000", "\u0000"],
  ] as const) {
    expect(await list(all, { name, value })).toEqual({ items: [], next: null });
  }
  for (const value of [null, "acme", ["acme"], { customer: { acme: "acme" } }, { customer: ["acme"] }]) {
    await put("n00", value);
    expect(namesOf(await list(all, acme))).toEqual(labelled.slice(1));
  }
  const odd = { '"\\é\u0000': "\u0000'%_$1" };
  await put("n00", odd);
  expect(namesOf(await list(all, { name: '"\\é\u0000', value: "\u0000'%_$1" }))).toEqual(["n00"]);
}
