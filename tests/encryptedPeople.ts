import { graphqlServer, serverError } from '../web/crypto/device/graphqlServer.ts';
import type { Server } from '../web/crypto/device/ports.ts';
import { type BrowserParts, browser } from './crypto/device/people.ts';
import { behind, type Weather } from './crypto/device/weather.ts';
import type { Person } from './world.ts';

/** The real server, as a device of this person sees it. */
const serverOf = (person: Person): Server =>
  graphqlServer(async (document, variables) => {
    const { data, errors } = await person.ask(document, variables);
    if (errors) throw serverError(errors as never);
    return data;
  });

/** A browser of this person, at the real server, in some weather. */
export const browserOf = (person: Person, parts: BrowserParts = {}, weather: () => Weather = () => 'fair') =>
  browser(
    { id: person.id, username: person.username, displayName: person.name, colour: null },
    behind(serverOf(person), weather),
    parts,
  );
