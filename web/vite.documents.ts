import { readFile } from 'node:fs/promises';
import { type DocumentNode, print, stripIgnoredCharacters } from 'graphql';
import type { Plugin } from 'vite';

const generated = `${import.meta.dirname}/gql/graphql.ts`;
const written = /^export const \w+ = (\{"kind":"Document".*\}) as unknown as/gm;
const called = /\bgraphql\(\s*`([^`]*)`,?\s*\)/g;
const named = /^\s*(?:query|mutation|subscription)\s+(\w+)/;

/**
 * Puts the text of each operation where it is used. The generated `graphql()` looks it up in a table of all documents as
 * syntax trees, which would make every page load the documents of every other.
 */
export function documents(): Plugin {
  let texts = new Map<string, string>();
  return {
    name: 'documents',
    async buildStart() {
      texts = new Map(operations(await readFile(generated, 'utf8')));
    },
    transform(code, id) {
      if (!called.test(code) || id.includes('/gql/')) return;
      return { code: code.replace(called, (_, source: string) => JSON.stringify(textOf(source, texts))), map: null };
    },
  };
}

function operations(code: string): [string, string][] {
  const trees = [...code.matchAll(written)].map((match) => JSON.parse(match[1] ?? '') as DocumentNode);
  return trees.flatMap((tree) =>
    tree.definitions.flatMap((definition) =>
      definition.kind === 'OperationDefinition' && definition.name
        ? [[definition.name.value, stripIgnoredCharacters(print(tree))] as [string, string]]
        : [],
    ),
  );
}

/** Fragments are part of the operations that spread them. */
function textOf(source: string, texts: Map<string, string>) {
  const name = named.exec(source)?.[1];
  if (!name) return '';
  const text = texts.get(name);
  if (!text) throw new Error(`${name} is not in web/gql: run npm run generate`);
  return text;
}
