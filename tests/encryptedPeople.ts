import { graphqlServer, serverError } from '../web/crypto/device/graphqlServer.ts';
import type { Server } from '../web/crypto/device/ports.ts';
import { type Browser, type BrowserParts, browser } from './crypto/device/people.ts';
import type { Person } from './world.ts';

/** The real server, as a device of this person sees it. */
export const serverOf = (person: Person): Server =>
  graphqlServer(async (document, variables) => {
    const { data, errors } = await person.ask(document, variables);
    if (errors) throw serverError(errors as never);
    return data;
  });

/** A browser of this person, at the real server. */
export const browserOf = (person: Person, parts: BrowserParts = {}): Promise<Browser> =>
  browser(
    { id: person.id, username: person.username, displayName: person.name, colour: null },
    serverOf(person),
    parts,
  );
