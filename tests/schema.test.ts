import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../api/schema.ts';

const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isBuiltIn(type));

test('schema.graphql is what the code says', () => {
  const printed = readFileSync(resolve(import.meta.dirname, '../schema.graphql'), 'utf8');
  expect(printed).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('every type, field, argument and value of the schema says what it is', () => {
  expect(types.flatMap((type) => [...(type.description ? [] : [type.name]), ...membersWithout(type)])).toEqual([]);
});

test('no field of a shared subscription looks at who asks', () => {
  const shared = Object.values(schema.getSubscriptionType()?.getFields() ?? {}).filter(
    (field) => field.extensions.shared,
  );
  expect(shared.map((field) => field.name)).toEqual(['roomLog', 'signals', 'typing', 'viewerLog']);
  expect([...reachable(shared.map((field) => getNamedType(field.type)))].flatMap(fieldsWithContext)).toEqual([]);
});

function reachable(from: GraphQLNamedType[], found = new Set<GraphQLNamedType>()): Set<GraphQLNamedType> {
  for (const type of from) {
    if (found.has(type)) continue;
    found.add(type);
    const narrower = isAbstractType(type) ? [...schema.getPossibleTypes(type)] : [];
    reachable([...narrower, ...fieldsOf(type).map((field) => getNamedType(field.type))], found);
  }
  return found;
}

// A resolver that takes the context could answer each viewer differently: what it gives must not be shared.
function fieldsWithContext(type: GraphQLNamedType): string[] {
  const options = (field: GraphQLField<unknown, unknown>) =>
    field.extensions.pothosOptions as { resolve?: () => unknown };
  return fieldsOf(type)
    .filter((field) => (options(field).resolve?.length ?? 0) > 1)
    .map((field) => `${type.name}.${field.name}`);
}

const fieldsOf = (type: GraphQLNamedType) =>
  isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];

function membersWithout(type: GraphQLNamedType): string[] {
  return members(type)
    .filter(({ description }) => !description)
    .map(({ name }) => `${type.name}.${name}`);
}

function members(type: GraphQLNamedType): { name: string; description?: string | null }[] {
  if (isEnumType(type)) return [...type.getValues()];
  if (isInputObjectType(type)) return Object.values(type.getFields());
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    field,
    ...field.args.map((arg) => ({ name: `${field.name}(${arg.name}:)`, description: arg.description })),
  ]);
}

function isBuiltIn(type: GraphQLNamedType): boolean {
  return ['String', 'Int', 'Boolean', 'ID', 'Float'].includes(type.name);
}
