/**
 * A hook was defined, or asked for, in a way that cannot work: a mistake in the program, which is told at once. The
 * message names the hook and the setting, never a value: URLs and keys are secrets.
 */
export class HookDefinitionError extends TypeError {
  override readonly name = "HookDefinitionError";
  readonly code: "invalid_hook" | "unknown_hook";
  readonly hook: string;

  constructor(code: HookDefinitionError["code"], hook: string, message: string) {
    super(message);
    this.code = code;
    this.hook = hook;
  }
}
