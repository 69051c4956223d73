import { type CmqError, type CmqErrorKey, cmqErrorTable, MissingParameterError } from "./errors.ts";
import { tc3NameOf } from "./tc3-parameters.ts";

/** The member `Error` of a response of the newer API. */
export interface Tc3ErrorView {
  readonly Code: string;
  readonly Message: string;
}

/** An error that only the newer API has. */
export class Tc3Error extends Error {
  override readonly name = "Tc3Error";
  readonly code: "AuthFailure.InvalidAuthorization" | "MissingParameter" | "NoSuchVersion";

  constructor(code: Tc3Error["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** The cloud's own sentences, where they are public. */
const cloudSentences: Partial<Record<CmqErrorKey, string>> = {
  authentication: "The provided credentials could not be validated. Please check your signature is correct.",
  unknownSecretId: "The SecretId is not found, please ensure that your SecretId is correct.",
};

export function missingTc3Parameter(name: string): Tc3Error {
  return new Tc3Error("MissingParameter", `The request is missing a required parameter \`${name}\`.`);
}

export function tc3ErrorView(error: Tc3Error | CmqError): Tc3ErrorView {
  if (error instanceof MissingParameterError) return tc3ErrorView(missingTc3Parameter(tc3NameOf(error.parameter)));
  if (error instanceof Tc3Error) return { Code: error.code, Message: error.message };
  const { key, message } = error;
  return { Code: cmqErrorTable[key].tc3, Message: cloudSentences[key] ?? message };
}
