export type BareServerCommands = {
  port(argument: null): Promise<number>;
  cpuUs(argument: null): number;
};
