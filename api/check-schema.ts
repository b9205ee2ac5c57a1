// Whether schema.graphql breaks who uses the last release: npm run schema:check. A release copies it to the other file.
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { dayOf } from './days.ts';
import { compareSchemas } from './schemaChanges.ts';

const read = (file: string) => buildSchema(readFileSync(file, 'utf8'));
const today = dayOf(new Date());
const { refused, dangerous } = compareSchemas(read('schema.released.graphql'), read('schema.graphql'), today);

for (const sentence of dangerous) process.stdout.write(`To know: ${sentence}\n`);
for (const sentence of refused) process.stderr.write(`Refused: ${sentence}\n`);
if (refused.length > 0) process.exit(1);
