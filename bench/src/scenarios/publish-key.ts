import { publishOne } from "../load/requests.ts";
import { Account } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { totalUs } from "./cost.ts";
import { sample } from "./cpu-per-delivery.ts";
import { medianFigure } from "./result.ts";

/**
 * Pairs of runs per repeat of the settings, each run with this share of the measured time. The difference is small, so
 * that many pairs are needed, whose two runs follow one another closely.
 */
const PAIRS_PER_REPEAT = 12;
const SHARE_OF_RUN = 1 / 4;

export const publishKeyScenario: Scenario = {
  name: "publish-key",
  title: "publishes with an API key, beside publishes without one",
  async run(bench, server) {
    const { settings } = bench;
    const account = await Account.ofTopic(bench, server, "key");
    const plain = publishOne(server.origin, account.group, settings.bodyBytes);
    const token = await server.catalog.createPublishKey();
    const keyed = { ...plain, headers: [...plain.headers, "authorization", `Bearer ${token}`] };
    for (const target of [plain, keyed]) {
      await sample(bench, server, account, bench.loop(target, settings.warmUpMs));
    }
    const usPerMessage = async (target: typeof plain): Promise<number> =>
      totalUs((await sample(bench, server, account, bench.loop(target, settings.measuredMs * SHARE_OF_RUN))).cost);
    const pairs: { readonly plainUs: number; readonly keyedUs: number }[] = [];
    for (let pair = 0; pair < settings.repeats * PAIRS_PER_REPEAT; pair++) {
      // The order alternates, because the second run of a pair may find the machine faster or slower.
      const isKeyedFirst = pair % 2 === 1;
      const firstUs = await usPerMessage(isKeyedFirst ? keyed : plain);
      const secondUs = await usPerMessage(isKeyedFirst ? plain : keyed);
      pairs.push(isKeyedFirst ? { plainUs: secondUs, keyedUs: firstUs } : { plainUs: firstUs, keyedUs: secondUs });
    }
    return {
      figures: [
        {
          name: "CPU per message, with a key ÷ without",
          ...medianFigure(pairs.map(({ plainUs, keyedUs }) => keyedUs / plainUs)),
          unit: "×",
          atMost: 1.03,
        },
      ],
      deliveries: [await account.close()],
      details: { pairs },
    };
  },
};
