import { graphql } from '../gql';
import { subscribe } from '../lib/live';
import type { PersonNews } from './personNow';

const peopleChanged = graphql(`
  subscription PeopleChanged {
    peopleChanged {
      userId
      user {
        ...UserParts
      }
    }
  }
`);

const listeners = new Set<(news: PersonNews) => void>();

/** Calls back when somebody here is called otherwise, or is gone. Gives the function that stops it. */
export function onPersonChanged(callback: (news: PersonNews) => void): () => void {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** Listens for as long as somebody is signed in here. Gives the function that stops it. */
export function followPeople(): () => void {
  return subscribe(peopleChanged, () => ({}), {
    next: ({ peopleChanged: news }) => {
      for (const listener of listeners) listener(news);
    },
    complete: () => 'again',
  });
}
