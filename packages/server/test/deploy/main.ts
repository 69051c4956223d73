import { checks } from "./checks.ts";

/**
 * `npm run test:deploy`: checks the files of `deploy/` and `.github/` with the programs that will read them. Needs Go
 * and Python 3. A check whose program is missing is skipped, with the reason.
 */
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const outcome = check();
  if ("skipped" in outcome) {
    process.stdout.write(`skipped: ${name} (${outcome.skipped})\n`);
    continue;
  }
  process.stdout.write(`${outcome.length === 0 ? "passed" : "FAILED"}: ${name}\n`);
  for (const problem of outcome) process.stdout.write(`  ${problem.replaceAll("\n", "\n  ")}\n`);
  if (outcome.length > 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
