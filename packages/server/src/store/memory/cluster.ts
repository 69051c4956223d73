import { OneProcessCluster } from "../one-process-cluster.ts";

export class MemoryCluster extends OneProcessCluster {
  writable(): boolean {
    return true;
  }
}
