import { ServerError } from '../web/crypto/device/errors.ts';
import { graphqlServer, serverError } from '../web/crypto/device/graphqlServer.ts';
import type { Server } from '../web/crypto/device/ports.ts';
import { type BrowserParts, browser } from './crypto/device/people.ts';
import { behind, type Weather } from './crypto/device/weather.ts';
import type { Person } from './world.ts';

/** The real server, as a device of this person sees it. */
export const serverOf = (person: Person): Server =>
  graphqlServer(async (document, variables) => {
    const { data, errors } = await person.ask(document, variables).catch((cause: Error) => {
      throw Object.assign(new ServerError('NETWORK', 'The server does not answer.'), { cause });
    });
    if (errors) throw serverError(errors as never);
    return data;
  });

/** A browser of this person, at the real server as they reach it. */
export const browserAt = (server: Server, person: Person, parts: BrowserParts = {}) =>
  browser({ id: person.id, username: person.username, displayName: person.name, colour: null }, server, parts);

/** A browser of this person, at the real server, in some weather. */
export const browserOf = (person: Person, parts: BrowserParts = {}, weather: () => Weather = () => 'fair') =>
  browserAt(behind(serverOf(person), weather), person, parts);
