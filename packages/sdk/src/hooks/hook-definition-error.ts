/**
 * A hook definition is invalid, or a hook with an unknown name was called. Both are mistakes in the program. The
 * message names the hook and the setting but contains no value, because URLs and keys are secrets.
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
