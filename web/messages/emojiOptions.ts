import { searchEmojis } from '../emoji/emojiSearch';
import { emojis } from '../emoji/emojiTable';
import { MOST, type Option } from './completion';

/** The emojis that the letters mean. With the table, which is large: import it when it is wanted. */
export const emojiOptions = (letters: string): Option[] =>
  searchEmojis(emojis, letters, MOST).map(({ sign, names }) => ({
    id: sign,
    text: `${sign} `,
    title: `:${names.find((name) => name.startsWith(letters.toLowerCase())) ?? names[0]}:`,
    sign,
  }));
