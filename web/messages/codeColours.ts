import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import go from 'highlight.js/lib/languages/go';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

const languages = { bash, cpp, css, go, javascript, json, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

/** A run of letters of one colour: key word, comment, string, or the colour of ink. */
export interface Piece {
  text: string;
  voice: 'k' | 'c' | 'st' | undefined;
}

const MOST_PIECES = 600;
const VOICES: Record<string, Piece['voice']> = {
  keyword: 'k',
  built_in: 'k',
  title: 'k',
  literal: 'k',
  tag: 'k',
  name: 'k',
  selector: 'k',
  attr: 'k',
  comment: 'c',
  meta: 'c',
  string: 'st',
  number: 'st',
  regexp: 'st',
};

interface Token {
  scope?: string;
  children: (Token | string)[];
}

/** Code in pieces to be coloured; undefined for a language that is not among the twelve, or for too many pieces. */
export function coloured(text: string, language: string): Piece[] | undefined {
  const name = language.split(/\s/)[0]?.toLowerCase() ?? '';
  if (!hljs.getLanguage(name)) return undefined;
  // As a tree, where the documented result would be HTML.
  const { _emitter } = hljs.highlight(text, { language: name, ignoreIllegals: true });
  const pieces = [...piecesOf((_emitter as unknown as { root: Token }).root, undefined)];
  return pieces.length > MOST_PIECES ? undefined : pieces;
}

function* piecesOf({ scope, children }: Token, outer: Piece['voice']): Generator<Piece> {
  const voice = VOICES[scope?.split(/[.-]/)[0] ?? ''] ?? outer;
  for (const child of children) {
    if (typeof child === 'string') yield { text: child, voice };
    else yield* piecesOf(child, voice);
  }
}
