const KEY = 'recent emojis';
const MOST = 16;

/** Five to offer at once, always the same, so that the hand learns where they are. */
export const QUICK_EMOJIS = ['👍', '❤️', '😂', '😮', '🙏'];

/** The emojis that were used last on this device, newest first. */
export function recentEmojis(): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]');
  } catch {
    return [];
  }
}

/** Remembers that an emoji was used. */
export function noteEmoji(sign: string) {
  const signs = [...new Set([sign, ...recentEmojis()])].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(signs));
  } catch {
    // Storage is full or not allowed: then nothing is recent.
  }
}
