import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { schemaFolder } from "./tools.ts";

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The strict schemas of one version of Kubernetes: a member that Kubernetes does not know is an error. */
export class KubernetesSchemas {
  readonly version: string;
  readonly #folder: string;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

  constructor(version: string) {
    this.version = version;
    this.#folder = schemaFolder(version);
    const definitions = this.#read("_definitions.json");
    // Newer versions refer to the definitions by a path.
    for (const name of ["_definitions.json", "/api/_definitions.json"]) this.#ajv.addSchema(definitions, name);
  }

  /** Errors in the resource, with the path of each. */
  errors(resource: Resource): readonly string[] {
    const { apiVersion, kind, metadata } = resource;
    const validate = this.#validator(apiVersion, kind);
    if (validate === null) return [`Kubernetes ${this.version} has no ${apiVersion} ${kind}`];
    if (validate(resource)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${kind} ${metadata.name} (${this.version}) ${instancePath}: ${message} ${JSON.stringify(params)}`,
    );
  }

  #validator(apiVersion: string, kind: string): ValidateFunction | null {
    // Files are named by the first word of the group: "ingress-networking-v1" for networking.k8s.io/v1.
    const [version = "", group] = apiVersion.split("/").toReversed();
    const words = [kind.toLowerCase(), ...(group === undefined ? [] : [group.split(".", 1)[0]]), version];
    const file = `${words.join("-")}.json`;
    if (!existsSync(join(this.#folder, file))) return null;
    return this.#ajv.getSchema(file) ?? this.#ajv.compile({ ...this.#read(file), $id: file });
  }

  #read(file: string): object {
    return JSON.parse(readFileSync(join(this.#folder, file), "utf8")) as object;
  }
}
