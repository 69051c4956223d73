import { groupShapeOf } from "./check.ts";
import { constantsOf, propertiesOf, type Property } from "./schema.ts";
import { isSettings, type Settings } from "./values.ts";

/**
 * The settings of a resource that the API shows: without what is no setting, such as counts and times. Secrets, which
 * the API never shows, are null: a patch that does not name them keeps them.
 */
export function settingsOfView(shape: string, view: Settings): Settings {
  const shown = propertiesOf(shape).flatMap((property): readonly (readonly [string, unknown])[] => {
    const { name, schema } = property;
    if (schema.writeOnly === true) return view[name] === undefined && !property.isRequired ? [] : [[name, null]];
    return Object.hasOwn(view, name) && view[name] !== undefined ? [[name, settingOf(property, view[name])]] : [];
  });
  return { ...constantsOf(shape), ...Object.fromEntries(shown) };
}

function settingOf(property: Property, value: unknown): unknown {
  const shape = groupShapeOf(property, value);
  return shape !== null && isSettings(value) ? settingsOfView(shape, value) : value;
}
