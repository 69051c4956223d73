import manifest from "../../package.json" with { type: "json" };

/** The version of the `ringback` package. The build contains it. */
export const version = manifest.version;
