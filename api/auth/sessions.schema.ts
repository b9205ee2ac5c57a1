import { builder } from '../builder.ts';
import { signedIn } from '../context.ts';
import { revokeOtherSessions, revokeSession } from './sessions.ts';

export const SessionType = builder.prismaObject('Session', {
  description: 'One signed-in browser or program of the viewer.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the session.' }),
    label: t.exposeString('label', { description: 'What the browser called itself when it signed in.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it signed in.' }),
    rotatedAt: t.expose('rotatedAt', { type: 'DateTime', description: 'When it was last seen refreshing its tokens.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends unless it refreshes.' }),
    isCurrent: t.boolean({
      description: 'Whether it is the one that asks.',
      resolve: (session, _, { caller }) => session.id === caller.viewer?.sessionId,
    }),
  }),
});

builder.mutationFields((t) => ({
  revokeSession: t.boolean({
    description: 'Signs one of the viewer’s browsers out, at once.',
    args: { id: t.arg.id({ required: true, description: 'Of the session.' }) },
    resolve: async (_, { id }, context) => {
      await revokeSession(context.core, signedIn(context), id);
      return true;
    },
  }),
  revokeOtherSessions: t.int({
    description: 'Signs out everywhere else; gives the number of sessions ended.',
    resolve: (_, _args, context) => revokeOtherSessions(context.core, signedIn(context)),
  }),
}));
