import './accounts/accounts.schema.ts';
import './audit/audit.schema.ts';
import './auth/auth.schema.ts';
import './auth/personalTokens.schema.ts';
import './files/files.schema.ts';
import './hush/hush.schema.ts';
import './instance/instance.schema.ts';
import './invitations/invitations.schema.ts';
import './messages/messages.schema.ts';
import './notifications/notifications.schema.ts';
import './pins/pins.schema.ts';
import './presence/presence.schema.ts';
import './reactions/reactions.schema.ts';
import './roomLinks/roomLinks.schema.ts';
import './rooms/bans.schema.ts';
import './rooms/direct.schema.ts';
import './rooms/readMarks.schema.ts';
import './rooms/roomEvents.schema.ts';
import './rooms/rooms.schema.ts';
import './search/search.schema.ts';
import './typing/typing.schema.ts';
import './users/users.schema.ts';
import './webhooks/webhooks.schema.ts';
import { builder } from './builder.ts';

/** The whole schema: every noun's *.schema.ts, put together. */
export const schema = builder.toSchema();
