/** What stops working in a room that is encrypted. */
export const LIMITS = [
  'Search looks only through what this browser can read.',
  'Webhooks, programs for the old API and other clients cannot take part.',
  'Notices outside the page do not say what was written.',
  'If you lose all your browsers and your recovery key, your messages are lost.',
];
