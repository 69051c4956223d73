import { createContext, useContext } from "react";

/** State that every field of a form needs. */
export interface FormState {
  /** Sentences by the path of their setting: the server's, and those of the form's own check. */
  readonly errors: ReadonlyMap<string, string>;
  /** True: an existing resource, whose secrets stay as they are if nothing is typed. */
  readonly isEdit: boolean;
}

export const FormContext = createContext<FormState>({ errors: new Map(), isEdit: false });

export function useFormState(): FormState {
  return useContext(FormContext);
}

/** True if a setting below the path has an error. */
export function hasErrorBelow(errors: ReadonlyMap<string, string>, path: string): boolean {
  return [...errors.keys()].some((key) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`));
}

/** The error of a setting, or of an item of its list. */
export function errorAt(errors: ReadonlyMap<string, string>, path: string): string | undefined {
  return errors.get(path) ?? [...errors].find(([key]) => key.startsWith(`${path}[`))?.[1];
}
