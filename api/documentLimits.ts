import {
  type ASTVisitor,
  GraphQLError,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

const MOST = { tokens: 1_000, depth: 10, introspectionDepth: 16, aliases: 15, directives: 5 };

/** How many tokens a document may have; the parser stops there. */
export const MOST_TOKENS = MOST.tokens;

/** Refuses documents that are too deep, or have too many aliases or directives. */
export const documentLimits: ValidationRule = (context: ValidationContext): ASTVisitor => {
  let aliases = 0;
  let directives = 0;
  const count = (what: string, number: number, most: number) => {
    if (number === most + 1) context.reportError(tooMuch(`The document has more than ${most} ${what}.`));
  };
  return {
    Field: (node) => {
      if (node.alias) count('aliases', ++aliases, MOST.aliases);
    },
    Directive: () => count('directives', ++directives, MOST.directives),
    OperationDefinition: (node) => {
      const depth = depthOf(node.selectionSet, context, new Map());
      if (depth > MOST.depth) context.reportError(tooMuch(`The document is more than ${MOST.depth} levels deep.`));
    },
  };
};

type Depths = Map<string, number>;

// A fragment's depth is measured once; one that contains itself is refused by the standard rules.
function depthOf(set: SelectionSetNode | undefined, context: ValidationContext, fragments: Depths): number {
  if (!set) return 0;
  return Math.max(
    ...set.selections.map((selection) => {
      if (selection.kind === 'FragmentSpread') return fragmentDepth(selection.name.value, context, fragments);
      if (selection.kind === 'InlineFragment') return depthOf(selection.selectionSet, context, fragments);
      const below = depthOf(selection.selectionSet, context, fragments);
      return selection.name.value.startsWith('__') && below < MOST.introspectionDepth ? 1 : 1 + below;
    }),
  );
}

function fragmentDepth(name: string, context: ValidationContext, fragments: Depths): number {
  const known = fragments.get(name);
  if (known !== undefined) return known;
  fragments.set(name, 0);
  const depth = depthOf(context.getFragment(name)?.selectionSet, context, fragments);
  fragments.set(name, depth);
  return depth;
}

const tooMuch = (message: string) => new GraphQLError(message, { extensions: { code: 'INVALID_INPUT' } });
