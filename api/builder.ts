import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { GraphQLError } from 'graphql';
import type { Context } from './context.ts';
import type PrismaTypes from './generated/pothos-types.ts';
import { getDatamodel } from './generated/pothos-types.ts';
import { OPENING_COST } from './openingCost.ts';

interface Types {
  PrismaTypes: PrismaTypes;
  Context: Context;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date | string };
    Bytes: { Input: Uint8Array<ArrayBuffer>; Output: Uint8Array | string };
  };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

const MOST_COST = 5_000;
const ONCE = { field: 1, multiplier: 1 };

export const builder = new SchemaBuilder<Types>({
  plugins: [RelayPlugin, ComplexityPlugin, OPENING_COST, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.core.db,
    dmmf: getDatamodel(),
    maxConnectionSize: 100,
    defaultConnectionSize: 50,
  },
  relay: {
    cursorType: 'String',
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    // The connection itself counts how many it was asked for.
    nodesOnConnection: { complexity: ONCE, description: 'The things themselves, without their cursors.' },
    edgesFieldOptions: {
      complexity: ONCE,
      nullable: { list: false, items: false },
      description: 'The things of this page, with their cursors.',
    },
    nodeFieldOptions: { nullable: false, description: 'The thing itself.' },
    cursorFieldOptions: { description: 'Where this stands: pass it as after or before.' },
    pageInfoFieldOptions: { description: 'Whether there is more on either side.' },
    pageInfoTypeOptions: { description: 'Whether there is more on either side of a page, and from where.' },
    hasNextPageFieldOptions: { description: 'Whether more follows.' },
    hasPreviousPageFieldOptions: { description: 'Whether more precedes.' },
    startCursorFieldOptions: { description: 'Of the first thing here; null on an empty page.' },
    endCursorFieldOptions: { description: 'Of the last thing here; null on an empty page.' },
    firstArgOptions: { description: 'How many to give after the cursor, at most 100.' },
    lastArgOptions: { description: 'How many to give before the cursor, at most 100.' },
    afterArgOptions: { description: 'Give what follows this cursor.' },
    beforeArgOptions: { description: 'Give what precedes this cursor.' },
  },
  complexity: {
    defaultComplexity: 1,
    defaultListMultiplier: 10,
    limit: { complexity: MOST_COST, depth: 100, breadth: 1_000 },
    complexityError: (_kind, { complexity }) => {
      const message = `This document costs ${complexity}, and ${MOST_COST} is the most: ask for less at a time.`;
      return new GraphQLError(message, { extensions: { code: 'INVALID_INPUT', cost: complexity, limit: MOST_COST } });
    },
  },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({ description: 'What can be done.' });
builder.subscriptionType({ description: 'What is told as it happens, over graphql-ws on this same path.' });

builder.scalarType('DateTime', {
  description: 'A moment: ISO 8601, UTC, milliseconds.',
  serialize: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  parseValue: (value) => {
    const date = typeof value === 'string' ? new Date(value) : new Date(Number.NaN);
    if (Number.isNaN(date.getTime())) throw new GraphQLError('A DateTime is text such as 2026-01-31T12:00:00.000Z.');
    return date;
  },
});

builder.scalarType('Bytes', {
  description: 'Bytes: Base64 (RFC 4648 §4) with padding.',
  serialize: (value) => (typeof value === 'string' ? value : Buffer.from(value).toString('base64')),
  parseValue: (value) => {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : null;
    if (!bytes || bytes.toString('base64') !== value) throw new GraphQLError('Bytes are Base64 with padding.');
    return new Uint8Array(bytes);
  },
});
