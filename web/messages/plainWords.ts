import { type Block, type Inline, parseMessage } from './messageText';

/** A message's text in one line of words, without the signs that only shape it. Not for long texts: cut them before. */
export const plainWords = (text: string) => parseMessage(text).map(wordsOf).join(' ').replace(/\s+/g, ' ').trim();

function wordsOf(block: Block): string {
  if (block.kind === 'code') return block.text;
  if (block.kind === 'paragraph') return block.inlines.map(inlineWords).join('');
  const inside = block.kind === 'list' ? block.items.flat() : block.blocks;
  return inside.map(wordsOf).join(' ');
}

function inlineWords(inline: Inline): string {
  if (typeof inline === 'string') return inline;
  return 'text' in inline ? inline.text : inline.inlines.map(inlineWords).join('');
}
