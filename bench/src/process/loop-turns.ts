/**
 * Preloaded into the server. Measures the CPU time for which the event loop was held without a break. Other processes
 * of the machine hardly change this time. Each message to the process is answered with the longest time since the last
 * message, in milliseconds.
 */

/** A timer that is late shows that the event loop was held. */
const TICK_MS = 1;

let before = threadCpuMs();
let longestMs = 0;

setInterval(() => {
  const now = threadCpuMs();
  longestMs = Math.max(longestMs, now - before);
  before = now;
}, TICK_MS).unref();

process.on("message", () => {
  process.send?.(longestMs);
  longestMs = 0;
});
process.channel?.unref();

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
