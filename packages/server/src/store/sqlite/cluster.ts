import type { Clock } from "../../domain/ports.ts";
import type { NodeLabel } from "../cluster.ts";
import { OneProcessCluster } from "../one-process-cluster.ts";
import type { GroupCommit } from "./group-commit.ts";

export class SqliteCluster extends OneProcessCluster {
  readonly #commits: GroupCommit;

  constructor(clock: Clock, label: NodeLabel, commits: GroupCommit) {
    super(clock, label);
    this.#commits = commits;
  }

  writable(): boolean {
    return this.#commits.writable;
  }
}
