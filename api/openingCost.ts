import SchemaBuilder, { type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { PothosComplexityPlugin } from '@pothos/plugin-complexity';
import type { GraphQLFieldResolver } from 'graphql';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      openingCost: OpeningCostPlugin<Types>;
    }
  }
}

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

/** Refuses a subscription that is too costly when it opens: the plugin for complexity looks at its events only. */
export class OpeningCostPlugin<Types extends SchemaTypes> extends PothosComplexityPlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>) {
    return config as ReturnType<PothosComplexityPlugin<Types>['onOutputFieldConfig']>;
  }

  override wrapResolve(resolve: Resolver<Types>): Resolver<Types> {
    return resolve;
  }

  override wrapSubscribe(subscribe: Resolver<Types> | undefined): Resolver<Types> | undefined {
    if (!subscribe) return subscribe;
    return (parent, args, context, info) => {
      this.checkComplexity(context, info);
      return subscribe(parent, args, context, info);
    };
  }
}

export const OPENING_COST = 'openingCost';

SchemaBuilder.registerPlugin(OPENING_COST, OpeningCostPlugin);
