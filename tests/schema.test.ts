import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type GraphQLNamedType,
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
