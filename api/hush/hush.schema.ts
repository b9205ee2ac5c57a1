import { ViewerType } from '../auth/viewer.schema.ts';
import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { hush, hushedUntil } from './hush.ts';

builder.objectField(ViewerType, 'hushedUntil', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'Until then the viewer is to be shown nothing outside the page, on any device, and no push is sent. Null: no quiet.',
    resolve: (viewer, _, { core }) => hushedUntil(core, viewer),
  }),
);

builder.mutationField('hush', (t) =>
  t.field({
    type: ViewerType,
    description:
      'Quiet for the viewer until a time; nobody else is told, and what is said meanwhile is not told afterwards. The ' +
      'viewer’s other devices are told with HushChanged.',
    args: {
      until: t.arg({
        type: 'DateTime',
        description:
          'When it ends; the year 9999 for until it is ended by hand. Null, or a time that is past, ends it now.',
      }),
    },
    resolve: async (_, { until }, context) => {
      const viewer = signedIn(context);
      await hush(context.core, viewer, until ?? null);
      return viewer;
    },
  }),
);
