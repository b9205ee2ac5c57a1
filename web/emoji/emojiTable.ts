import lines from 'virtual:emojis';
import { readEmojis } from './emojiSearch';

/** Every emoji, in the order of pickers. A chunk of its own: import it when it is wanted. */
export const emojis = readEmojis(lines);
