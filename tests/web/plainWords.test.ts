import { expect, test } from 'vitest';
import { plainWords } from '../../web/messages/plainWords';

test.each([
  ['in code and **bold**', 'Use `tide.lan` **now**', 'Use tide.lan now'],
  ['in a list', 'Bring:\n- rope\n- the _good_ thermos', 'Bring: rope the good thermos'],
  ['in a quote', '> is it on?\nYes, at https://a.example/x', 'is it on? Yes, at https://a.example/x'],
  ['in a fence', '```sh\ncurl x |\n  jq\n```', 'curl x | jq'],
  ['of whom it calls', '@sam the ~~tomatoes~~ need you in #garden', '@sam the tomatoes need you in #garden'],
  ['that shape nothing', '2 * 3 * 4 is snake_case_too', '2 * 3 * 4 is snake_case_too'],
])('a preview has the words of a message and not the signs around them: %s', (_, text, words) => {
  expect(plainWords(text)).toBe(words);
});
