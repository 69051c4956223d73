import { expect } from "vitest";
import { SeededRandom } from "../../engine/testing/seeded-random.ts";
import { AccountProgram, type ProgramAnswer, type SendRequest } from "./account-program.ts";

const { PROPERTY_RUNS: runsText, PROPERTY_SEED: seedText } = process.env;
const firstSeed = Number(seedText ?? 20_261_130);

/** The seeds of the runs. A failing run is repeated with PROPERTY_SEED and PROPERTY_RUNS=1. */
export function seeds(runs: number): readonly number[] {
  return Array.from({ length: Number(runsText ?? runs) }, (_, run) => firstSeed + run);
}

/** Gives all requests the same id, so that answers can be compared. */
export const sameRequestId = { "x-request-id": "program" } as const;

/** A server without accounts. */
export interface AccountServer extends AsyncDisposable {
  /** Creates an account with an API key, and returns how to send requests with the key. */
  readonly account: (name: string) => Promise<SendRequest>;
}

async function alone(open: () => Promise<AccountServer>, name: string, seed: number, steps: number) {
  await using server = await open();
  const program = new AccountProgram(seed, await server.account(name));
  for (let step = 0; step < steps; step++) await program.step();
  return program.observations;
}

/**
 * Runs two random programs in two accounts of one server, and each of them alone on a server of its own. Both must make
 * the same observations. `isConcurrent`: requests of the two programs are sent at the same time.
 */
export async function expectNothingObserved(
  open: () => Promise<AccountServer>,
  { seed, steps, isConcurrent }: { readonly seed: number; readonly steps: number; readonly isConcurrent: boolean },
): Promise<void> {
  const seedsOf = { alpha: seed * 2, beta: seed * 2 + 1 };
  await using server = await open();
  const [toAlpha, toBeta] = [await server.account("alpha"), await server.account("beta")];
  const alpha = new AccountProgram(seedsOf.alpha, toAlpha);
  const beta = new AccountProgram(seedsOf.beta, toBeta);
  const run = async (program: AccountProgram): Promise<void> => {
    for (let step = 0; step < steps; step++) await program.step();
  };
  if (isConcurrent) await Promise.all([run(alpha), run(beta)]);
  else await interleaved(new SeededRandom(seed), steps, alpha, beta);
  expect([...alpha.seenIds].filter((id) => beta.seenIds.has(id))).toEqual([]);
  await expectUnknown(toAlpha, beta);
  expect(alpha.observations).toEqual(await alone(open, "alpha", seedsOf.alpha, steps));
  expect(beta.observations).toEqual(await alone(open, "beta", seedsOf.beta, steps));
}

async function interleaved(
  random: SeededRandom,
  steps: number,
  one: AccountProgram,
  other: AccountProgram,
): Promise<void> {
  const left = [one, other].map((program) => ({ program, steps }));
  while (left.length > 0) {
    const turn = left[random.upTo(left.length - 1)] ?? left[0];
    if (turn === undefined) return;
    await turn.program.step();
    if (--turn.steps === 0) left.splice(left.indexOf(turn), 1);
  }
}

/** Requests for ids of another account get the same bytes as requests for ids that do not exist. */
async function expectUnknown(send: SendRequest, other: AccountProgram): Promise<void> {
  const forms = [
    (id: string) => ({ method: "GET", url: `/v1/messages/${id}` }) as const,
    (id: string) => ({ method: "DELETE", url: `/v1/api-keys/${id}` }) as const,
    (id: string) => ({ method: "GET", url: `/v1/topics/${id}` }) as const,
  ];
  for (const id of [...other.seenIds].slice(0, 20)) {
    for (const form of forms) {
      // An id of the same form.
      const unknown = id.replace(/\d$/, (digit) => String((Number(digit) + 5) % 10)).replace(/[a-z]$/i, "_");
      expect(shown(await send(form(id)), id)).toEqual(shown(await send(form(unknown)), unknown));
    }
  }
}

function shown({ status, headers: { date: _date, ...headers }, body }: ProgramAnswer, id: string): unknown {
  return { status, headers, body: body.replaceAll(id, "ID") };
}
