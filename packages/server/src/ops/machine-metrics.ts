import { metric, type ScrapedMetric } from "./metric-cells.ts";

export interface MachineSources {
  readonly version: string;
  readonly driver: "sqlite" | "postgres" | "memory";
  /** null: the database has no limit of its own. */
  readonly databaseBytesMax: number | null;
  /** Space of the file system that has the data folder; null: it cannot be read, or there is no data folder. */
  readonly disk: () => Promise<{ readonly freeBytes: number; readonly sizeBytes: number } | null>;
}

/** The build that runs, and the disk that it writes to. */
export function machineMetrics({ version, driver, databaseBytesMax, disk }: MachineSources): ScrapedMetric[] {
  const labels = { version, node: process.version, driver };
  const limit = "Configured maximum size of the database. None without a limit.";
  const free = "Free bytes for Ringback in the file system of the data folder.";
  return [
    metric("gauge", "ringback_build_info", "Always 1. The labels have the build.", () => [{ labels, value: 1 }]),
    metric("gauge", "ringback_storage_limit_bytes", limit, () => databaseBytesMax),
    metric("gauge", "ringback_disk_free_bytes", free, async () => (await disk())?.freeBytes ?? null),
    metric(
      "gauge",
      "ringback_disk_size_bytes",
      "Size of that file system.",
      async () => (await disk())?.sizeBytes ?? null,
    ),
  ];
}
