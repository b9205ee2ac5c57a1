import {
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { schema } from '../../api/schema.ts';
import { type Draw, garbled, type Ids } from './values.ts';

export interface Request {
  query: string;
  variables: Record<string, unknown>;
  kind: (typeof KINDS)[number];
}
type Field = GraphQLField<unknown, unknown>;

const ROOTS = {
  query: schema.getQueryType(),
  mutation: schema.getMutationType(),
  subscription: schema.getSubscriptionType(),
};
/** Hashing takes 30 ms each: what asks for it is drawn rarely. */
const isSlow = (field: Field) =>
  /password|recover|logIn|register|setUp/i.test(field.name + field.args.map(({ type }) => type).join());
const DEEPEST = 4;
const CURSOR = / (after|before|around)$/;
const KINDS = ['query', 'query', 'mutation', 'mutation', 'mutation', 'subscription'] as const;

/** Documents with variables for all that the schema has: mostly such as it allows, with values that nobody expects. */
export class Documents {
  private readonly drawn = new Set<string>();
  private variables: Record<string, unknown> = {};
  private declared: string[] = [];

  constructor(private readonly ids: Ids) {}

  /** The root fields of the schema that were not drawn so far. */
  undrawn(): string[] {
    const roots = Object.values(ROOTS) as GraphQLObjectType[];
    const all = roots.flatMap((root) => Object.keys(root.getFields()).map((field) => `${root.name}.${field}`));
    return all.filter((name) => !this.drawn.has(name));
  }

  draw(draw: Draw): Request {
    [this.variables, this.declared] = [{}, []];
    const kind = draw.one(KINDS);
    const root = ROOTS[kind] as GraphQLObjectType;
    const number = kind === 'subscription' ? 1 : 1 + draw.below(2);
    const fields = Array.from({ length: number }, (_, n) => `f${n}: ${this.rootField(draw, root)}`).join(' ');
    const declared = this.declared.length > 0 ? `(${this.declared.join(', ')})` : '';
    const query = `${kind} ${declared} { ${fields} }`;
    return { query: draw.rarely(6) ? garbled(draw, query) : query, variables: this.variables, kind };
  }

  private rootField(draw: Draw, root: GraphQLObjectType): string {
    const all = Object.values(root.getFields());
    const quick = all.filter((field) => !isSlow(field));
    const field = draw.one(draw.rarely(15) ? all : quick);
    this.drawn.add(`${root.name}.${field.name}`);
    return this.field(draw, field, 0);
  }

  private field(draw: Draw, field: Field, depth: number): string {
    const given = field.args.filter((arg) => isRequiredArgument(arg) || draw.rarely(40));
    const passed = given.map((arg) => `${arg.name}: ${this.argument(draw, `${field.name} ${arg.name}`, arg.type)}`);
    const below = this.selection(draw, getNamedType(field.type), depth + 1);
    return field.name + (passed.length > 0 ? `(${passed.join(', ')})` : '') + below;
  }

  private argument(draw: Draw, name: string, type: GraphQLInputType): string {
    const variable = `v${this.declared.length}`;
    this.declared.push(`$${variable}: ${type}`);
    this.variables[variable] = draw.rarely(4) ? draw.json() : this.value(draw, name, type);
    return `$${variable}`;
  }

  private value(draw: Draw, name: string, type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return this.value(draw, name, type.ofType);
    if (draw.rarely(3)) return draw.one([null, draw.json()]);
    if (isListType(type)) return this.list(draw, name, type.ofType);
    if (isEnumType(type)) return draw.one(type.getValues()).name;
    if (!isInputObjectType(type)) return this.scalar(draw, name, type.name);
    const fields = Object.values(type.getFields()).filter((field) => isRequiredInputField(field) || draw.rarely(50));
    return Object.fromEntries(
      fields.map((field) => [field.name, this.value(draw, `${name} ${field.name}`, field.type)]),
    );
  }

  private list(draw: Draw, name: string, type: GraphQLInputType): unknown[] {
    if (draw.rarely(3)) return Array(1_000).fill(this.value(draw, name, type));
    return Array.from({ length: draw.below(4) }, () => this.value(draw, name, type));
  }

  private scalar(draw: Draw, name: string, type: string): unknown {
    if (type === 'ID') return this.ids.draw(draw, name);
    if (type === 'Int' || type === 'Float') return draw.number();
    if (type === 'Boolean') return draw.below(2) === 1;
    return CURSOR.test(name) && draw.below(2) === 1 ? String(draw.number()) : draw.text();
  }

  private selection(draw: Draw, type: GraphQLNamedType, depth: number): string {
    if (!isCompositeType(type)) return '';
    if (!isObjectType(type)) return this.possible(draw, type, depth);
    const all = Object.values(type.getFields());
    const fields = all.filter((field) => depth < DEEPEST || !isCompositeType(getNamedType(field.type)));
    if (fields.length === 0) return ' { __typename }';
    return ` { ${draw
      .some(fields, 4)
      .map((field) => this.field(draw, field, depth))
      .join(' ')} }`;
  }

  private possible(draw: Draw, type: GraphQLAbstractType, depth: number): string {
    const chosen = draw.one(schema.getPossibleTypes(type));
    return ` { __typename ... on ${chosen.name}${this.selection(draw, chosen, depth)} }`;
  }
}
