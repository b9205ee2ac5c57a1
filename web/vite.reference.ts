import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql';
import type { Plugin } from 'vite';
import { curlOf } from './docs/curl.ts';

const ROOT = resolve(import.meta.dirname, '..');
const BUILT_IN = ['String', 'Int', 'Boolean', 'ID', 'Float'];

/** Fills docs.html in from schema.graphql and the examples, so that the page says what the schema says. */
export function reference(): Plugin {
  return {
    name: 'reference',
    transformIndexHtml: {
      order: 'pre',
      handler: (html, { filename }) => {
        if (basename(filename) !== 'docs.html') return html;
        const schema = buildSchema(readFileSync(resolve(ROOT, 'schema.graphql'), 'utf8'));
        return html.replace('<!--reference-->', () => pageOf(schema)).replace('<!--examples-->', () => examples());
      },
    },
  };
}

function examples(): string {
  const folder = resolve(ROOT, 'examples/api');
  return readdirSync(folder)
    .sort()
    .map((file) => exampleOf(readFileSync(resolve(folder, file), 'utf8')))
    .join('');
}

// A title, a sentence, and the variables stand as comments before the document.
function exampleOf(text: string): string {
  const [, title = '', about = ''] = /^# (.+)\n# (.+)\n/.exec(text) ?? [];
  const variables = /^# variables: (.+)$/m.exec(text)?.[1];
  const shown = text.replace(/^#.*\n/gm, '').trim();
  const told = variables ? `<p>Variables: <code>${asText(variables)}</code></p>` : '';
  const curl = curlOf(text, variables);
  return `<h3>${asText(title)}</h3><p>${asText(about)}</p>${code(shown)}${told}${curl ? code(curl) : ''}`;
}

const code = (text: string) => `<pre tabindex="0"><code>${asText(text)}</code></pre>`;

function pageOf(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((t) => t ?? []);
  const rest = Object.values(schema.getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && !BUILT_IN.includes(type.name) && !roots.includes(type as never),
  );
  const titles = ['Queries', 'Mutations', 'Subscriptions'];
  const operations = roots.map((root, n) =>
    group(
      titles[n] ?? '',
      Object.values(root.getFields()).map((field) => article(`${root.name}.${field.name}`, field)),
    ),
  );
  return [...operations, group('Types', rest.map(typeOf))].join('');
}

const group = (title: string, articles: string[]) => `<div data-group><h3>${title}</h3>${articles.join('')}</div>`;

function article(name: string, field: GraphQLField<unknown, unknown>): string {
  return `<article id="${name}" data-find="${name}"><h4><code>${field.name}: ${link(field.type)}</code></h4>${about(field)}${list(
    field.args.map((arg) => member(arg)),
  )}</article>`;
}

function typeOf(type: GraphQLNamedType): string {
  const heading = `<h4><code>${kindOf(type)} ${type.name}</code></h4>${about(type)}`;
  return `<article id="${type.name}" data-find="${type.name}">${heading}${list(membersOf(type))}</article>`;
}

function membersOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map((value) => `<code>${value.name}</code> ${plain(value)}`);
  if (isUnionType(type)) return type.getTypes().map((one) => link(one));
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
    return Object.values(type.getFields()).map((field: GraphQLField<unknown, unknown> | GraphQLInputField) =>
      member(field),
    );
  return [];
}

type Described = { description?: string | null | undefined; deprecationReason?: string | null | undefined };

function member(field: Described & { name: string; type: unknown; defaultValue?: unknown }): string {
  const otherwise = field.defaultValue === undefined ? '' : ` = ${asText(JSON.stringify(field.defaultValue))}`;
  return `<code>${field.name}: ${link(field.type as never)}${otherwise}</code> ${plain(field)}`;
}

const plain = ({ description, deprecationReason }: Described) =>
  asText(description ?? '') + (deprecationReason ? ` <strong>Deprecated:</strong> ${asText(deprecationReason)}` : '');
const about = (described: Described) => `<p>${plain(described)}</p>`;
const list = (items: string[]) =>
  items.length > 0 ? `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>` : '';

function link(type: Parameters<typeof getNamedType>[0] & object): string {
  const { name } = getNamedType(type) as GraphQLNamedType;
  const [before = '', after = ''] = String(type).split(name);
  return BUILT_IN.includes(name) ? String(type) : `${before}<a href="#${name}">${name}</a>${after}`;
}

function kindOf(type: GraphQLNamedType): string {
  if (isScalarType(type)) return 'scalar';
  if (isEnumType(type)) return 'enum';
  if (isUnionType(type)) return 'union';
  if (isInterfaceType(type)) return 'interface';
  return isInputObjectType(type) ? 'input' : 'type';
}

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const asText = (text: string) => text.replace(/[&<>"]/g, (sign) => SIGNS[sign] ?? sign);
