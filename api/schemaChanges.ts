import {
  type BreakingChange,
  BreakingChangeType,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

const DATE = /\b\d{4}-\d\d-\d\d\b/;

/** What a schema may not do to those who use the released one, and what they should know. */
export interface SchemaChanges {
  /** Each is a sentence of what breaks and was not announced, or is announced badly. */
  refused: string[];
  /** What an exhaustive client could stumble over: new values and the like. */
  dangerous: string[];
}

/**
 * What is removed must have been deprecated in the released schema, with the date from which on it may go, and that date
 * must be past (`today` is a date such as 2026-01-31). Every other breaking change is refused.
 */
export function compareSchemas(released: GraphQLSchema, current: GraphQLSchema, today: string): SchemaChanges {
  const announced = deprecations(released);
  const refused = findBreakingChanges(released, current)
    .filter((change) => !isDue(announced, change, today) && !STANDARD.test(change.description))
    .map(({ description }) => `${description} The released schema does not announce it.`);
  const undated = [...deprecations(current)]
    .filter(([, reason]) => !DATE.test(reason))
    .map(([name]) => `${name} is deprecated without a date from which on it may go, such as 2027-01-31.`);
  return {
    refused: [...refused, ...undated],
    dangerous: findDangerousChanges(released, current).map(({ description }) => description),
  };
}

// It goes with the last field that had it, which is told by itself.
const STANDARD = /^Standard scalar \w+ was removed/;

const REMOVALS: BreakingChangeType[] = [
  BreakingChangeType.FIELD_REMOVED,
  BreakingChangeType.ARG_REMOVED,
  BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
];

// graphql-js names what was removed at the beginning of its sentence, or (of values) before "was removed from".
function isDue(announced: Map<string, string>, { type, description }: BreakingChange, today: string): boolean {
  if (!REMOVALS.includes(type)) return false;
  const date = DATE.exec(announced.get(nameOf(description)) ?? '')?.[0];
  return date !== undefined && date <= today;
}

function nameOf(description: string): string {
  const [, value, enumName] = /^(\w+) was removed from enum type (\w+)\.$/.exec(description) ?? [];
  if (value) return `${enumName}.${value}`;
  const [, field, arg] = /^([\w.]+) (?:arg (\w+) )?was removed\.$/.exec(description) ?? [];
  return arg ? `${field}(${arg}:)` : (field ?? '');
}

function deprecations(schema: GraphQLSchema): Map<string, string> {
  const found = new Map<string, string>();
  const note = (name: string, reason: string | null | undefined) => reason != null && found.set(name, reason);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isEnumType(type))
      for (const value of type.getValues()) note(`${type.name}.${value.name}`, value.deprecationReason);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field.deprecationReason);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field.deprecationReason);
      for (const arg of field.args) note(`${type.name}.${field.name}(${arg.name}:)`, arg.deprecationReason);
    }
  }
  return found;
}
