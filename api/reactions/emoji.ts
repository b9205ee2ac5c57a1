const ONE_EMOJI = '^\\p{RGI_Emoji}$';
// As text: the compiler's target does not know the flag v, which every supported engine does.
const PATTERN = new RegExp(ONE_EMOJI, 'v');
const LONGEST = 32;

/** Whether the text is one emoji, as Unicode recommends it for general interchange, and nothing else. */
export const isEmoji = (text: string): boolean => text.length <= LONGEST && PATTERN.test(text);
